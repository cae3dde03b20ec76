//! Builds houses of square rooms with doors between them.

use record::Rng;

use super::super::grid::{Cell, Color, Door, Facing, Grid, Kind, Look, Place};
use super::super::simulator::Simulator;

/// A room by its column and row.
pub type Room = (i32, i32);

/// A house that is being built.
pub struct House {
    cells: Vec<Vec<Option<Look>>>,
    /// The side of a room without its walls, in cells.
    side: i32,
    doors: Vec<Place>,
    /// Colors that no door has yet, and looks that nothing has yet.
    colors: Vec<Color>,
    looks: Vec<Look>,
}

impl House {
    /// Rooms in columns and rows, all walled.
    pub fn new(rng: &mut Rng, (columns, rows): (i32, i32), side: i32) -> Self {
        let wall = |x: i32, y: i32| x % (side + 1) == 0 || y % (side + 1) == 0;
        let row = |y| (0..=columns * (side + 1)).map(|x| wall(x, y).then_some(Look::WALL)).collect();
        let cells = (0..=rows * (side + 1)).map(row).collect();
        let mut colors = Color::ALL.to_vec();
        let of = |kind| Color::ALL.map(|color| Look { kind, color });
        let mut looks = [of(Kind::Ball), of(Kind::Box), of(Kind::Key)].concat();
        rng.shuffle(&mut colors);
        rng.shuffle(&mut looks);
        Self { cells, side, doors: Vec::new(), colors, looks }
    }

    /// A door of a new color in the wall between two rooms beside each other.
    pub fn door(&mut self, rng: &mut Rng, from: Room, to: Room, state: Door) -> Option<Look> {
        let look = Look { kind: Kind::Door(state), color: self.colors.pop()? };
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let corner = self.corner(if dx + dy > 0 { to } else { from });
        let along = rng.between(1, self.side.unsigned_abs() as usize) as i32;
        let place =
            if dx == 0 { Place { x: corner.x + along, ..corner } } else { Place { y: corner.y + along, ..corner } };
        self.put(place, look);
        self.doors.push(place);
        Some(look)
    }

    /// The left upper corner of a room's walls.
    fn corner(&self, (column, row): Room) -> Place {
        Place { x: column * (self.side + 1), y: row * (self.side + 1) }
    }

    /// A look that nothing in the house has, of a kind that is wanted.
    pub fn fresh(&mut self, wanted: impl Fn(Look) -> bool) -> Option<Look> {
        let index = self.looks.iter().position(|look| wanted(*look))?;
        Some(self.looks.remove(index))
    }

    /// Puts a thing into a room, not before a door.
    pub fn place(&mut self, rng: &mut Rng, room: Room, look: Look) -> Option<Place> {
        let place = self.free(rng, room)?;
        self.looks.retain(|other| *other != look);
        self.put(place, look);
        Some(place)
    }

    /// Puts some new things into a room.
    pub fn litter(&mut self, rng: &mut Rng, room: Room, count: usize) -> Option<()> {
        for _ in 0..count {
            let look = self.fresh(|_| true)?;
            self.place(rng, room, look)?;
        }
        Some(())
    }

    /// Puts a thing into a room right before the last door that was built.
    pub fn block(&mut self, room: Room, look: Look) -> Option<()> {
        let door = *self.doors.last()?;
        let corner = self.corner(room);
        let inside = |place: &Place| {
            (1..=self.side).contains(&(place.x - corner.x)) && (1..=self.side).contains(&(place.y - corner.y))
        };
        let before = Facing::ALL.map(|facing| door.ahead(facing, 1)).into_iter().find(inside)?;
        self.looks.retain(|other| *other != look);
        self.put(before, look);
        Some(())
    }

    /// The house with an agent somewhere in a room.
    pub fn inhabit(&self, rng: &mut Rng, room: Room) -> Option<Simulator> {
        let at = self.free(rng, room)?;
        let cell = |look: &Option<Look>| Cell(look.map(|look| (look, None)));
        let rows: Vec<Vec<Cell>> = self.cells.iter().map(|row| row.iter().map(cell).collect()).collect();
        let facing = *rng.pick(&Facing::ALL)?;
        Some(Simulator { grid: Grid::new(&rows)?, at, facing, carrying: None })
    }

    fn free(&self, rng: &mut Rng, room: Room) -> Option<Place> {
        let corner = self.corner(room);
        let inside = (1..=self.side).flat_map(|x| (1..=self.side).map(move |y| (x, y)));
        let places: Vec<Place> = inside
            .map(|(x, y)| Place { x: corner.x + x, y: corner.y + y })
            .filter(|place| self.look(*place).is_none() && self.doors.iter().all(|door| door.distance(*place) > 1))
            .collect();
        rng.pick(&places).copied()
    }

    fn look(&self, place: Place) -> Option<Look> {
        let row = usize::try_from(place.y).ok().and_then(|y| self.cells.get(y));
        row.and_then(|row| row.get(usize::try_from(place.x).ok()?).copied().flatten())
    }

    fn put(&mut self, place: Place, look: Look) {
        let row = usize::try_from(place.y).ok().and_then(|y| self.cells.get_mut(y));
        if let Some(cell) = row.and_then(|row| row.get_mut(usize::try_from(place.x).ok()?)) {
            *cell = Some(look);
        }
    }
}
