//! Formulas: `=SUM(A1:B3)`, `=B2*1.1`, `=MINUS(B2,C2)`, computed once, when they are entered.
//!
//! A cell keeps the number, not the formula: it does not change with the cells that it was computed from.

use super::address::{Area, Place};
use super::grid::{Cell, Content, Grid};

/// Functions that a formula may call.
pub const FUNCTIONS: [&str; 7] = ["SUM", "AVERAGE", "COUNT", "MAX", "MIN", "MINUS", "PRODUCT"];
/// Brackets that may be open at once.
const DEPTH: usize = 50;
/// Arguments that a function may have.
const MOST_ARGUMENTS: usize = 100;
/// The longest formula, in bytes.
const LONGEST: usize = 8192;

/// The value of a formula without its `=`. What cannot be computed is one of a sheet's errors.
pub fn value(formula: &str, grid: &Grid) -> Content {
    if formula.len() > LONGEST {
        return Content::Error("#ERROR!");
    }
    let mut reader = Reader { text: formula, grid, depth: 0 };
    let value = reader.sum().and_then(|value| if reader.next().is_none() { Ok(value) } else { Err("#ERROR!") });
    match value {
        Ok(number) if number.is_finite() => Content::Number(number),
        Ok(_) => Content::Error("#NUM!"),
        Err(error) => Content::Error(error),
    }
}

type Read<T> = Result<T, &'static str>;

struct Reader<'a> {
    text: &'a str,
    grid: &'a Grid,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<char> {
        self.text = self.text.trim_start();
        self.text.chars().next()
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.next() == Some(sign);
        if found {
            self.text = &self.text[sign.len_utf8()..];
        }
        found
    }

    fn run(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        self.next();
        let end = self.text.find(|c| !of(c)).unwrap_or(self.text.len());
        let (run, rest) = self.text.split_at(end);
        self.text = rest;
        run
    }

    fn sum(&mut self) -> Read<f64> {
        let mut value = self.product()?;
        loop {
            if self.take('+') {
                value += self.product()?;
            } else if self.take('-') {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Read<f64> {
        let mut value = self.factor()?;
        loop {
            if self.take('*') {
                value *= self.factor()?;
            } else if self.take('/') {
                let by = self.factor()?;
                value = if by == 0.0 { return Err("#DIV/0!") } else { value / by };
            } else {
                return Ok(value);
            }
        }
    }

    /// Signs are taken in a loop: there may be thousands.
    fn factor(&mut self) -> Read<f64> {
        let mut sign = 1.0;
        loop {
            if self.take('-') {
                sign = -sign;
            } else if !self.take('+') {
                break;
            }
        }
        let mut value = self.atom()?;
        while self.take('%') {
            value /= 100.0;
        }
        Ok(sign * value)
    }

    fn atom(&mut self) -> Read<f64> {
        match self.next() {
            Some('(') => {
                self.take('(');
                self.inside(Self::sum)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let digits = self.run(|c| c.is_ascii_digit() || c == '.');
                digits.parse().map_err(|_| "#ERROR!")
            }
            Some(c) if c.is_ascii_alphabetic() || c == '$' => self.name(),
            _ => Err("#ERROR!"),
        }
    }

    /// Reads what stands in brackets, the first of which was taken.
    fn inside<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("#ERROR!");
        }
        let value = read(self)?;
        self.depth -= 1;
        if self.take(')') { Ok(value) } else { Err("#ERROR!") }
    }

    fn name(&mut self) -> Read<f64> {
        let name = self.run(|c| c.is_ascii_alphanumeric() || c == '$').replace('$', "");
        if self.take('(') {
            let arguments = self.inside(Self::arguments)?;
            return computed(&name.to_uppercase(), &arguments);
        }
        let place = Place::read(&name).map_err(|_| "#NAME?")?;
        match self.grid.cell(place).map(|cell| &cell.content) {
            None | Some(Content::Empty) => Ok(0.0),
            Some(Content::Number(number)) => Ok(*number),
            Some(Content::Bool(value)) => Ok(f64::from(u8::from(*value))),
            Some(Content::Text(_)) => Err("#VALUE!"),
            Some(Content::Error(error)) => Err(error),
        }
    }

    fn arguments(&mut self) -> Read<Vec<Argument>> {
        let mut all = Vec::new();
        if self.next() == Some(')') {
            return Ok(all);
        }
        loop {
            all.push(self.argument()?);
            if !self.take(',') {
                return Ok(all);
            }
            if all.len() == MOST_ARGUMENTS {
                return Err("#ERROR!");
            }
        }
    }

    fn argument(&mut self) -> Read<Argument> {
        let before = self.text;
        let label = self.run(|c| c.is_ascii_alphanumeric() || c == '$').replace('$', "");
        let first = Place::read(&label);
        if let (Ok(first), true) = (&first, self.take(':')) {
            let last = self.run(|c| c.is_ascii_alphanumeric() || c == '$').replace('$', "");
            let last = Place::read(&last).map_err(|_| "#ERROR!")?;
            return self.cells(Area::between(*first, last));
        }
        if let (Ok(first), Some(',' | ')')) = (first, self.next()) {
            return self.cells(Area { first, last: first });
        }
        self.text = before;
        Ok(Argument { numbers: vec![self.sum()?], single: true })
    }

    /// The numbers in an area; anything else in it counts for nothing.
    fn cells(&self, area: Area) -> Read<Argument> {
        let (rows, columns) = self.grid.used();
        let mut numbers = Vec::new();
        for row in area.first.row..=area.last.row.min(rows.max(1) - 1) {
            for column in area.first.column..=area.last.column.min(columns.max(1) - 1) {
                match self.grid.cell(Place { row, column }) {
                    Some(Cell { content: Content::Number(number), .. }) => numbers.push(*number),
                    Some(Cell { content: Content::Error(error), .. }) => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(Argument { numbers, single: area.first == area.last })
    }
}

struct Argument {
    numbers: Vec<f64>,
    /// Whether it is one cell or one number.
    single: bool,
}

fn computed(function: &str, arguments: &[Argument]) -> Read<f64> {
    let numbers = || arguments.iter().flat_map(|argument| argument.numbers.iter().copied());
    let count = numbers().count();
    if arguments.is_empty() {
        return Err("#N/A");
    }
    match function {
        "SUM" => Ok(numbers().sum()),
        "AVERAGE" if count == 0 => Err("#DIV/0!"),
        "AVERAGE" => Ok(numbers().sum::<f64>() / count as f64),
        "COUNT" => Ok(count as f64),
        "MAX" => Ok(numbers().reduce(f64::max).unwrap_or_default()),
        "MIN" => Ok(numbers().reduce(f64::min).unwrap_or_default()),
        "PRODUCT" => Ok(if count == 0 { 0.0 } else { numbers().product() }),
        "MINUS" => match arguments {
            [a, b] if a.single && b.single => {
                let one = |argument: &Argument| argument.numbers.first().copied().unwrap_or_default();
                Ok(one(a) - one(b))
            }
            [_, _] => Err("#VALUE!"),
            _ => Err("#N/A"),
        },
        _ => Err("#NAME?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let number = |number| Cell { content: Content::Number(number), ..Cell::default() };
        let text = Cell { content: Content::Text("x".into()), ..Cell::default() };
        Grid::new("S", vec![vec![text, number(2.0), number(3.0)], vec![Cell::default(), number(4.0), number(-1.0)]])
    }

    #[test]
    fn formulas_compute() {
        let number = Content::Number;
        let cases = [
            ("SUM(B1:C2)", number(8.0)),
            ("sum(B1, C1, 1)", number(6.0)),
            ("AVERAGE(B1:B2)", number(3.0)),
            ("COUNT(A1:C2)", number(4.0)),
            ("MAX(A1:C2) - MIN(C1:C2)", number(5.0)),
            ("PRODUCT(B1,C1)", number(6.0)),
            ("MINUS(B1,C1)", number(-1.0)),
            ("MINUS(B1:C2)", Content::Error("#N/A")),
            ("$B$1*(1+50%)/-2", number(-1.5)),
            ("A2+1", number(1.0)),
            ("B1/A2", Content::Error("#DIV/0!")),
            ("A1+1", Content::Error("#VALUE!")),
            ("AVERAGE(A1)", Content::Error("#DIV/0!")),
            ("FOO(1)", Content::Error("#NAME?")),
            ("SUM(B1:C2", Content::Error("#ERROR!")),
            ("SUM(A1:XFD99999999)", number(8.0)),
            ("", Content::Error("#ERROR!")),
        ];
        for (formula, expected) in cases {
            assert_eq!(value(formula, &grid()), expected, "{formula}");
        }
    }

    #[test]
    fn deep_and_long_formulas_end() {
        for formula in [
            "(".repeat(5000),
            "SUM(".repeat(2000),
            "-".repeat(8000),
            format!("{}1", "-".repeat(8000)),
            "1+".repeat(1 << 20),
        ] {
            value(&formula, &grid());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_formula_panics(formula in r"([A-C1-3+*/%(),:$. -]|SUM|é){0,20}") {
            value(&formula, &grid());
        }
    }
}
