//! The ways from where the agent stands, as AgentBoard finds them: breadth first over (cell, direction), within the
//! rectangle of the view.

use super::grid::{Facing, Kind, Place};
use super::sight::Sight;
use super::simulator::{Move, Simulator};

/// Sides of the rectangle: the view's seven cells, and where coordinates fall along its side, one more.
const SIDE: usize = 8;
/// Entries of the queue after which the search ends: a state enters it again and again until it is first taken out.
const MOST_ENTRIES: usize = 100_000;
/// In which order a state's successors enter the queue.
const ORDER: [Move; 3] = [Move::Forward, Move::Left, Move::Right];

/// A stand: where an agent is and where it looks.
type Stand = (Place, Facing);

/// All that can be reached, in the order in which it is.
#[derive(Debug)]
pub struct Paths {
    /// Each stand with how it is reached: the number of the stand before it, and the action.
    reached: Vec<(Stand, Option<(usize, Move)>)>,
}

impl Paths {
    /// Searches from the agent. Walls, lava, boxes, balls and keys in sight are in the way; doors of any kind and what is
    /// out of sight are not.
    pub fn from(world: &Simulator, sight: &Sight) -> Self {
        let mut field = Field::new(world, sight);
        let mut queue = vec![(world.at, world.facing)];
        let mut reached: Vec<(Stand, Option<(usize, Move)>)> = Vec::new();
        let mut head = 0;
        while let Some(&(place, facing)) = queue.get(head).filter(|_| queue.len() < MOST_ENTRIES) {
            head += 1;
            let Some(cell) = field.cell((place, facing)) else { continue };
            // A state that is taken out again keeps its number, yet puts its successors into the queue once more; the last
            // to do so before a successor is taken out is the one that leads to it.
            let number = *cell.number.get_or_insert_with(|| {
                reached.push(((place, facing), cell.from));
                reached.len() - 1
            });
            for action in ORDER {
                let next = match action {
                    Move::Forward => (place.ahead(facing, 1), facing),
                    Move::Left => (place, facing.left()),
                    _ => (place, facing.right()),
                };
                if let Some(cell) = field.cell(next).filter(|cell| !cell.barred && cell.number.is_none()) {
                    cell.from = Some((number, action));
                    queue.push(next);
                }
            }
        }
        Self { reached }
    }

    /// The actions after which the agent stands before a place and looks at it.
    pub fn facing(&self, goal: Place) -> Option<Vec<Move>> {
        self.before(|place| place == goal)
    }

    /// The actions after which the agent looks at a place of some kind that is right before it.
    pub fn before(&self, wanted: impl Fn(Place) -> bool) -> Option<Vec<Move>> {
        self.to(|(place, facing)| wanted(place.ahead(facing, 1)))
    }

    /// The actions after which the agent stands on a place.
    pub fn onto(&self, goal: Place) -> Option<Vec<Move>> {
        self.to(|(place, _)| place == goal)
    }

    fn to(&self, arrived: impl Fn(Stand) -> bool) -> Option<Vec<Move>> {
        let mut from = self.reached.iter().find(|(stand, _)| arrived(*stand))?.1;
        let mut moves = Vec::new();
        while let Some((number, action)) = from {
            moves.push(action);
            from = self.reached.get(number).and_then(|(_, from)| *from);
        }
        moves.reverse();
        Some(moves)
    }
}

/// What is known of a stand.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    barred: bool,
    number: Option<usize>,
    from: Option<(usize, Move)>,
}

/// The rectangle of the view. As the reference cuts it, a side that runs towards smaller coordinates has a cell more at
/// its end: behind the agent, or one to the left.
struct Field {
    corner: Place,
    width: usize,
    height: usize,
    nodes: Vec<Node>,
}

impl Field {
    fn new(world: &Simulator, sight: &Sight) -> Self {
        let far = world.at.ahead(world.facing, 6).ahead(world.facing.left(), 3);
        let end = far.ahead(world.facing, -7).ahead(world.facing.right(), 7);
        let span = |far: i32, end: i32| if end < far { (end, SIDE) } else { (far, SIDE - 1) };
        let ((x, width), (y, height)) = (span(far.x, end.x), span(far.y, end.y));
        let mut field = Self { corner: Place { x, y }, width, height, nodes: vec![Node::default(); SIDE * SIDE * 4] };
        let solid = |kind| matches!(kind, Kind::Wall | Kind::Box | Kind::Lava | Kind::Ball | Kind::Key);
        for thing in sight.things.iter().filter(|thing| solid(thing.look.kind)) {
            for facing in Facing::ALL {
                if let Some(node) = field.cell((thing.place, facing)) {
                    node.barred = true;
                }
            }
        }
        field
    }

    fn cell(&mut self, (place, facing): Stand) -> Option<&mut Node> {
        let x = usize::try_from(place.x - self.corner.x).ok().filter(|x| *x < self.width)?;
        let y = usize::try_from(place.y - self.corner.y).ok().filter(|y| *y < self.height)?;
        self.nodes.get_mut((y * SIDE + x) * 4 + facing as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::simulator::tests::world;
    use super::super::view::View;
    use super::*;

    #[test]
    fn a_way_leads_around_what_is_in_sight() -> Result<(), String> {
        use Move::{Forward, Left, Right};
        let world = world(&["# # # #", ". ball:red ball:blue #", ". . . #", "# # # #"], 0, 1)?;
        let paths = Paths::from(&world, &Sight::of(&world, &View::of(&world)));
        assert_eq!(paths.facing(Place { x: 1, y: 1 }), Some(vec![]));
        let blue = Place { x: 2, y: 1 };
        assert_eq!(paths.facing(blue), Some(vec![Right, Forward, Left, Forward, Forward, Left]));
        assert_eq!(paths.onto(blue), None);
        assert_eq!(paths.onto(Place { x: 9, y: 1 }), None);
        Ok(())
    }
}
