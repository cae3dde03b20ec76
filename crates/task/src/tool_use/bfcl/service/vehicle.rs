//! `VehicleControlAPI`: a car.

use super::long::Extensions;
use super::trading::to_float;
use super::values::{Draws, error, field, find, iterated, object, said, set, whole, words_of};
use super::{Answer, Given, Service};
use crate::python::{Value, add, compared, divide, multiply, remainder, subtract, text};
use crate::tool_use::bfcl::Switches;

const METHODS: &[(&str, &str)] = &[
    ("startEngine", "ignitionMode"),
    ("fillFuelTank", "fuelAmount"),
    ("lockDoors", "unlock, door"),
    ("adjustClimateControl", "temperature, unit='celsius', fanSpeed=50, mode='auto'"),
    ("get_outside_temperature_from_google", ""),
    ("get_outside_temperature_from_weather_com", ""),
    ("setHeadlights", "mode"),
    ("displayCarStatus", "option"),
    ("activateParkingBrake", "mode"),
    ("pressBrakePedal", "pedalPosition"),
    ("releaseBrakePedal", ""),
    ("setCruiseControl", "speed, activate, distanceToNextVehicle"),
    ("get_current_speed", ""),
    ("display_log", "messages"),
    ("estimate_drive_feasibility_by_mileage", "distance"),
    ("liter_to_gallon", "liter"),
    ("gallon_to_liter", "gallon"),
    ("estimate_distance", "cityA, cityB"),
    ("get_zipcode_based_on_city", "city"),
    ("set_navigation", "destination"),
    ("check_tire_pressure", ""),
    ("find_nearest_tire_shop", ""),
];

/// Miles between two zip codes, in both directions.
const DISTANCES: [(&str, &str, f64); 12] = [
    ("83214", "74532", 750.0),
    ("56108", "62947", 320.0),
    ("71354", "83462", 450.0),
    ("47329", "52013", 290.0),
    ("69238", "51479", 630.0),
    ("94016", "83214", 980.0),
    ("94016", "94704", 600.0),
    ("94704", "08540", 2550.0),
    ("94016", "08540", 1950.0),
    ("62947", "47329", 1053.0),
    ("94016", "62947", 780.0),
    ("74532", "94016", 880.0),
];

const ZIP_CODES: [(&str, &str); 11] = [
    ("Rivermist", "83214"),
    ("Stonebrook", "74532"),
    ("Maplecrest", "56108"),
    ("Silverpine", "62947"),
    ("Shadowridge", "71354"),
    ("Sunset Valley", "83462"),
    ("Oakendale", "47329"),
    ("Willowbend", "52013"),
    ("Crescent Hollow", "69238"),
    ("Autumnville", "51479"),
    ("San Francisco", "94016"),
];

/// Attributes, their names in scenarios and their values at first; the order in which the state is told.
fn attributes() -> [(&'static str, &'static str, Value); 23] {
    let word = |word: &str| Value::from(word);
    let float = Value::Float;
    let doors = ["driver", "passenger", "rear_left", "rear_right"].map(|door| (door, word("unlocked")));
    [
        ("fuelLevel", "fuelLevel", float(0.0)),
        ("batteryVoltage", "batteryVoltage", float(12.6)),
        ("engine_state", "engineState", word("stopped")),
        ("remainingUnlockedDoors", "remainingUnlockedDoors", whole(4)),
        ("doorStatus", "doorStatus", object(doors)),
        ("acTemperature", "acTemperature", float(25.0)),
        ("fanSpeed", "fanSpeed", whole(50)),
        ("acMode", "acMode", word("auto")),
        ("humidityLevel", "humidityLevel", float(50.0)),
        ("headLightStatus", "headLightStatus", word("off")),
        ("parkingBrakeStatus", "parkingBrakeStatus", word("released")),
        ("_parkingBrakeForce", "parkingBrakeForce", float(0.0)),
        ("_slopeAngle", "slopeAngle", float(0.0)),
        ("brakePedalStatus", "brakePedalStatus", word("released")),
        ("_brakePedalForce", "brakePedalForce", float(0.0)),
        ("distanceToNextVehicle", "distanceToNextVehicle", float(50.0)),
        ("cruiseStatus", "cruiseStatus", word("inactive")),
        ("destination", "destination", word("None")),
        ("frontLeftTirePressure", "frontLeftTirePressure", float(32.0)),
        ("frontRightTirePressure", "frontRightTirePressure", float(32.0)),
        ("rearLeftTirePressure", "rearLeftTirePressure", float(30.0)),
        ("rearRightTirePressure", "rearRightTirePressure", float(30.0)),
        ("long_context", "", Value::Bool(false)),
    ]
}

pub(super) struct Vehicle {
    draws: Draws,
    long: Option<Extensions>,
    state: Vec<(&'static str, Value)>,
}

impl Vehicle {
    pub(super) fn new(scenario: &Value, long: Option<&Extensions>, switches: &Switches) -> Self {
        let state = attributes().map(|(name, stored, default)| (name, field(scenario, stored, || default)));
        let mut made =
            Self { draws: Draws::new(scenario, 141_053, switches.own_draws), long: long.cloned(), state: state.into() };
        made.set("long_context", Value::Bool(long.is_some()));
        let locked = match made.get("doorStatus") {
            Value::Dict(pairs) => pairs.iter().filter(|(_, state)| *state == Value::from("locked")).count(),
            _ => 0,
        };
        made.set("remainingUnlockedDoors", whole(4 - locked as i64));
        made
    }

    fn get(&self, name: &str) -> &Value {
        self.state.iter().find(|(other, _)| *other == name).map_or(&Value::None, |(_, value)| value)
    }

    fn set(&mut self, name: &str, value: Value) {
        if let Some(place) = self.state.iter_mut().find(|(other, _)| *other == name) {
            place.1 = value;
        }
    }

    fn say(&mut self, name: &str, word: &str) {
        self.set(name, Value::from(word));
    }

    /// A result of attributes under names.
    fn shown<const N: usize>(&self, names: [(&str, &str); N]) -> Value {
        object(names.map(|(shown, name)| (shown, self.get(name).clone())))
    }

    fn start(&mut self, mode: &Value) -> Answer {
        if *mode == Value::from("STOP") {
            self.say("engine_state", "stopped");
        }
        if compared(self.get("remainingUnlockedDoors"), ">", &whole(0))? {
            let Value::Dict(doors) = self.get("doorStatus") else { return Err("'items'".to_owned()) };
            let open = doors.iter().filter(|(_, state)| *state == Value::from("unlocked")).map(|(door, _)| text(door));
            let open = open.collect::<Vec<_>>().join(", ");
            let why = "All doors must be locked before starting the engine. Here are the unlocked doors: ";
            return Ok(error(format!("{why}{open}")));
        }
        if *self.get("brakePedalStatus") != Value::from("pressed") {
            return Ok(error("Brake pedal needs to be pressed when starting the engine."));
        }
        if *self.get("_brakePedalForce") != Value::Float(1000.0) {
            return Ok(error("Must press the brake fully before starting the engine."));
        }
        if compared(self.get("fuelLevel"), "<", &whole(0))? {
            return Ok(error("Fuel tank is empty."));
        }
        if *mode != Value::from("START") {
            return Ok(error("Invalid ignition mode."));
        }
        self.say("engine_state", "running");
        Ok(self.shown([
            ("engineState", "engine_state"),
            ("fuelLevel", "fuelLevel"),
            ("batteryVoltage", "batteryVoltage"),
        ]))
    }

    fn fill(&mut self, amount: &Value) -> Answer {
        if compared(amount, "<", &whole(0))? {
            return Ok(error("Fuel amount cannot be negative."));
        }
        let sum = add(self.get("fuelLevel"), amount)?;
        if compared(&sum, ">", &whole(50))? {
            return Ok(error("Cannot fill gas above the tank capacity."));
        }
        if compared(&sum, "<", &whole(0))? {
            return Ok(error("Fuel tank is empty. Min fuel level is 0 gallons."));
        }
        self.set("fuelLevel", sum);
        Ok(self.shown([("fuelLevel", "fuelLevel")]))
    }

    fn lock(&mut self, unlock: &Value, doors: &Value) -> Answer {
        let (target, step) = if unlock.truthy() { ("unlocked", 1) } else { ("locked", -1) };
        for door in iterated(doors)? {
            let mut states = self.get("doorStatus").clone();
            if *find(&states, &door).ok_or_else(|| door.to_string())? == Value::from(target) {
                continue;
            }
            set(&mut states, door, Value::from(target));
            self.set("doorStatus", states);
            let count = add(self.get("remainingUnlockedDoors"), &whole(step))?;
            self.set("remainingUnlockedDoors", count);
        }
        let count = self.get("remainingUnlockedDoors").clone();
        Ok(object([("lockStatus", Value::from(target)), ("remainingUnlockedDoors", count)]))
    }

    fn climate(&mut self, given: &Given) -> Answer {
        let (temperature, unit, fan, mode) = (&given[0], &given[1], &given[2], &given[3]);
        if !(compared(&whole(0), "<=", fan)? && compared(fan, "<=", &whole(100))?) {
            return Ok(error("Fan speed must be between 0 and 100."));
        }
        let kept = match *unit == Value::from("fahrenheit") {
            true => divide(&multiply(&subtract(temperature, &whole(32))?, &whole(5))?, &whole(9))?,
            false => temperature.clone(),
        };
        self.set("acTemperature", kept);
        self.set("fanSpeed", fan.clone());
        self.set("acMode", mode.clone());
        Ok(object([
            ("currentACTemperature", temperature.clone()),
            ("climateMode", mode.clone()),
            ("humidityLevel", self.get("humidityLevel").clone()),
        ]))
    }

    fn headlights(&mut self, mode: &Value) -> Value {
        let mode = text(mode);
        if !["on", "off", "auto"].contains(&mode.as_str()) {
            return error("Invalid headlight mode.");
        }
        self.say("headLightStatus", if mode == "on" { "on" } else { "off" });
        self.shown([("headlightStatus", "headLightStatus")])
    }

    fn status(&self, option: &Value) -> Value {
        let shown = match text(option).as_str() {
            "fuel" => self.shown([("fuelLevel", "fuelLevel")]),
            "battery" => self.shown([("batteryVoltage", "batteryVoltage")]),
            "doors" => self.shown([("doorStatus", "doorStatus")]),
            "climate" => self.shown([
                ("currentACTemperature", "acTemperature"),
                ("fanSpeed", "fanSpeed"),
                ("climateMode", "acMode"),
                ("humidityLevel", "humidityLevel"),
            ]),
            "headlights" => self.shown([("headlightStatus", "headLightStatus")]),
            "parkingBrake" => self.shown([
                ("parkingBrakeStatus", "parkingBrakeStatus"),
                ("parkingBrakeForce", "_parkingBrakeForce"),
                ("slopeAngle", "_slopeAngle"),
            ]),
            "brakePedal" => {
                self.shown([("brakePedalStatus", "brakePedalStatus"), ("brakePedalForce", "_brakePedalForce")])
            }
            "engine" => self.shown([("engineState", "engine_state")]),
            _ => error("Invalid option"),
        };
        self.after("metadata", self.long.as_ref().map(|long| &long.car_status), shown)
    }

    /// A result with a long text in front, in entries of long context.
    fn after(&self, key: &str, words: Option<&Value>, shown: Value) -> Value {
        match (words, shown) {
            (Some(words), Value::Dict(pairs)) => {
                Value::Dict([(Value::from(key), words.clone())].into_iter().chain(pairs).collect())
            }
            (_, shown) => shown,
        }
    }

    fn parking_brake(&mut self, mode: &Value) -> Value {
        let (status, force) = match text(mode).as_str() {
            "engage" => ("engaged", 500.0),
            "release" => ("released", 0.0),
            _ => return error("Invalid mode"),
        };
        self.say("parkingBrakeStatus", status);
        self.set("_parkingBrakeForce", Value::Float(force));
        self.set("_slopeAngle", Value::Float(10.0));
        let shown = self.shown([
            ("parkingBrakeStatus", "parkingBrakeStatus"),
            ("_parkingBrakeForce", "_parkingBrakeForce"),
            ("_slopeAngle", "_slopeAngle"),
        ]);
        self.after("parkingBrakeInstruction", self.long.as_ref().map(|long| &long.parking_brake), shown)
    }

    fn brake(&mut self, position: &Value) -> Answer {
        if !(compared(&whole(0), "<=", position)? && compared(position, "<=", &whole(1))?) {
            return Ok(error("Pedal position must be between 0 and 1."));
        }
        let pressed = *position != whole(0);
        let force = if pressed { multiply(position, &whole(1000))? } else { Value::Float(0.0) };
        self.say("brakePedalStatus", if pressed { "pressed" } else { "released" });
        self.set("_brakePedalForce", force);
        let force = to_float(self.get("_brakePedalForce"))?;
        Ok(object([("brakePedalStatus", self.get("brakePedalStatus").clone()), ("brakePedalForce", force)]))
    }

    fn cruise(&mut self, given: &Given) -> Answer {
        let distance = to_float(&given[2])?;
        let speed = to_float(&given[0])?;
        if *self.get("engine_state") == Value::from("stopped") {
            return Ok(error("Start the engine before activating the cruise control."));
        }
        let active = given[1].truthy();
        self.set("distanceToNextVehicle", distance.clone());
        if active {
            let within = compared(&whole(0), "<=", &speed)? && compared(&speed, "<=", &whole(120))?;
            if !within || remainder(&speed, &whole(5))? != whole(0) {
                return Ok(error("Invalid speed"));
            }
        }
        self.say("cruiseStatus", if active { "active" } else { "inactive" });
        Ok(object([
            ("cruiseStatus", self.get("cruiseStatus").clone()),
            ("currentSpeed", speed),
            ("distanceToNextVehicle", distance),
        ]))
    }

    fn outside(&mut self) -> Value {
        let drawn = self.draws.of("get_outside_temperature_from_google").between(-10.0, 40.0);
        let mut shown = self.long.as_ref().map_or_else(|| object([]), |long| long.weather.clone());
        set(&mut shown, Value::from("outsideTemperature"), Value::Float(drawn));
        shown
    }

    fn feasible(&self, distance: &Value) -> Answer {
        let far = compared(&multiply(self.get("fuelLevel"), &Value::Float(20.0))?, "<", distance)?;
        Ok(object([("canDrive", Value::Bool(!far))]))
    }

    fn distance(&self, a: &Value, b: &Value) -> Value {
        let is = |value: &Value, code: &str| *value == Value::from(code);
        let known = DISTANCES.iter().find(|(x, y, _)| is(a, x) && is(b, y) || is(a, y) && is(b, x));
        let mut shown = match known {
            Some((_, _, miles)) => object([("distance", Value::Float(*miles))]),
            None => error("distance not found in database."),
        };
        if let Some(long) = &self.long {
            set(&mut shown, Value::from("intermediaryCities"), long.cities.clone());
        }
        shown
    }

    fn tires(&self) -> Answer {
        let names =
            ["frontLeftTirePressure", "frontRightTirePressure", "rearLeftTirePressure", "rearRightTirePressure"];
        let mut shown = self.shown(names.map(|name| (name, name)));
        let sum = names[1..].iter().try_fold(self.get(names[0]).clone(), |sum, name| add(&sum, self.get(name)))?;
        let mean = divide(&sum, &whole(4))?;
        let healthy = compared(&whole(30), "<=", &mean)? && compared(&mean, "<=", &whole(35))?;
        set(&mut shown, Value::from("healthy_tire_pressure"), Value::Bool(healthy));
        let info = self.long.as_ref().map_or_else(|| object([]), |long| long.car_status.clone());
        set(&mut shown, Value::from("car_info"), info);
        Ok(shown)
    }
}

impl Service for Vehicle {
    fn class(&self) -> &'static str {
        "VehicleControlAPI"
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        METHODS
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        match method {
            "startEngine" => self.start(&given[0]),
            "fillFuelTank" => self.fill(&given[0]),
            "lockDoors" => self.lock(&given[0], &given[1]),
            "adjustClimateControl" => self.climate(given),
            "get_outside_temperature_from_google" => Ok(self.outside()),
            "get_outside_temperature_from_weather_com" => Ok(object([("error", whole(404))])),
            "setHeadlights" => Ok(self.headlights(&given[0])),
            "displayCarStatus" => Ok(self.status(&given[0])),
            "activateParkingBrake" => Ok(self.parking_brake(&given[0])),
            "pressBrakePedal" => self.brake(&given[0]),
            "releaseBrakePedal" => {
                self.say("brakePedalStatus", "released");
                self.set("_brakePedalForce", Value::Float(0.0));
                Ok(self.shown([("brakePedalStatus", "brakePedalStatus"), ("brakePedalForce", "_brakePedalForce")]))
            }
            "setCruiseControl" => self.cruise(given),
            "get_current_speed" => {
                let drawn = self.draws.of("get_current_speed").between(0.0, 120.0);
                Ok(object([("currentSpeed", Value::Float(drawn))]))
            }
            "display_log" => Ok(object([("log", given[0].clone())])),
            "estimate_drive_feasibility_by_mileage" => self.feasible(&given[0]),
            "liter_to_gallon" => Ok(object([("gallon", multiply(&given[0], &Value::Float(0.264_172))?)])),
            "gallon_to_liter" => Ok(object([("liter", multiply(&given[0], &Value::Float(3.785_41))?)])),
            "estimate_distance" => Ok(self.distance(&given[0], &given[1])),
            "get_zipcode_based_on_city" => {
                let known = ZIP_CODES.iter().find(|(city, _)| given[0] == Value::from(*city));
                Ok(said("zipcode", known.map_or("00000", |(_, code)| code)))
            }
            "set_navigation" => {
                self.set("destination", given[0].clone());
                Ok(object([("status", add(&words_of("Navigating to "), &given[0])?)]))
            }
            "check_tire_pressure" => self.tires(),
            _ => Ok(said("shopLocation", "456 Oakwood Avenue, Rivermist, 83214")),
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        self.state.iter().filter(|(name, _)| !name.starts_with('_')).cloned().collect()
    }
}
