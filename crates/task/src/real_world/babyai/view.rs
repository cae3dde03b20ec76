//! What the agent sees: seven by seven cells before it, as far as walls and closed doors let it.

use super::grid::{Kind, Look, Place};
use super::simulator::Simulator;

/// Cells of a side of the view.
pub const SIDE: usize = 7;
/// The agent's column in the view; its row is the last.
const MIDDLE: i32 = 3;
const LAST: i32 = 6;

/// A cell of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Glimpse {
    /// Out of sight.
    Unseen,
    /// Nothing, or what stands there. In the agent's own cell: what it carries.
    Seen(Option<Look>),
}

/// The view, row by row from the farthest, each from left to right.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View([[Glimpse; SIDE]; SIDE]);

impl View {
    /// What an agent sees now.
    pub fn of(world: &Simulator) -> Self {
        let looks = cells().map(|row| row.map(|cell| world.grid.look(place(world, cell))));
        let seen = visible(&looks);
        let mut view = [[Glimpse::Unseen; SIDE]; SIDE];
        for ((cells, looks), seen) in view.iter_mut().zip(looks).zip(seen) {
            for ((cell, look), seen) in cells.iter_mut().zip(looks).zip(seen) {
                if seen {
                    *cell = Glimpse::Seen(look);
                }
            }
        }
        view[LAST as usize][MIDDLE as usize] = Glimpse::Seen(world.carrying.map(|thing| thing.look));
        Self(view)
    }

    /// What is seen, row by row from the farthest, each from left to right, but for the agent's own cell.
    pub fn looks<'a>(&'a self, world: &'a Simulator) -> impl Iterator<Item = (Place, Look)> + 'a {
        let places = cells().into_iter().flatten().map(|cell| place(world, cell));
        self.0.iter().flatten().zip(places).filter_map(|(glimpse, place)| match glimpse {
            Glimpse::Seen(Some(look)) if place != world.at => Some((place, *look)),
            _ => None,
        })
    }
}

/// (column, row) of each cell.
fn cells() -> [[(i32, i32); SIDE]; SIDE] {
    std::array::from_fn(|row| std::array::from_fn(|column| (column as i32, row as i32)))
}

/// The place that a (column, row) of the view shows.
fn place(world: &Simulator, (column, row): (i32, i32)) -> Place {
    world.at.ahead(world.facing, LAST - row).ahead(world.facing.right(), column - MIDDLE)
}

/// Which cells are in sight, as minigrid spreads it: from the agent's row to the farthest, in each to the right and then
/// to the left, a cell in sight that lets light through shows the next one, the one before it, and the one between.
fn visible(looks: &[[Option<Look>; SIDE]; SIDE]) -> [[bool; SIDE]; SIDE] {
    let mut seen = [[false; SIDE]; SIDE];
    seen[LAST as usize][MIDDLE as usize] = true;
    for row in (0..SIDE).rev() {
        let rightward = (0..SIDE - 1).map(|column| (column, column + 1));
        let leftward = (1..SIDE).rev().map(|column| (column, column - 1));
        for (column, next) in rightward.chain(leftward) {
            if !seen[row][column] || looks[row][column].is_some_and(|look| !Kind::is_clear(look.kind)) {
                continue;
            }
            seen[row][next] = true;
            if row > 0 {
                seen[row - 1][next] = true;
                seen[row - 1][column] = true;
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::super::grid::Facing;
    use super::super::simulator::{Move, tests::world};
    use super::*;

    fn seen(world: &Simulator) -> Vec<String> {
        View::of(world).looks(world).map(|(_, look)| look.to_string()).filter(|look| look != "grey wall").collect()
    }

    #[test]
    fn a_door_hides_what_is_behind_it_until_it_opens() -> Result<(), String> {
        let mut world = world(&["# # # #", ". . door:red:closed ball:red", "# # # #"], 1, 1)?;
        assert_eq!(seen(&world), ["red closed door"]);
        world.act(Move::Toggle);
        assert_eq!(seen(&world), ["red ball", "red open door"]);
        world.facing = Facing::Left;
        assert_eq!(seen(&world), [""; 0]);
        Ok(())
    }

    #[test]
    fn what_is_carried_shows_in_the_agents_own_cell() -> Result<(), String> {
        let mut world = world(&[". key:blue"], 0, 0)?;
        let before = View::of(&world);
        world.act(Move::Done);
        assert_eq!(View::of(&world), before);
        world.act(Move::Pickup);
        assert_ne!(View::of(&world), before);
        assert_eq!(seen(&world), [""; 0]);
        Ok(())
    }
}
