//! A grid of dots, two by four in each character.

/// Which bit of a Braille character a dot is, by row and column.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Characters of dots; each has the colour of the series that came last.
pub(super) struct Grid {
    pub(super) wide: usize,
    pub(super) high: usize,
    cells: Vec<(u8, usize)>,
}

impl Grid {
    pub(super) fn new(wide: usize, high: usize) -> Self {
        Self { wide, high, cells: vec![(0, 0); wide * high] }
    }

    /// Sets a dot; the grid is twice as wide and four times as high in dots.
    pub(super) fn dot(&mut self, x: usize, y: usize, series: usize) {
        let (column, row) = (x / 2, y / 4);
        if column < self.wide && row < self.high {
            let cell = &mut self.cells[row * self.wide + column];
            *cell = (cell.0 | BITS[y % 4][x % 2], series);
        }
    }

    /// Dots from one place to another.
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize), series: usize) {
        let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
        let between = |a: usize, b: usize, step: usize| {
            // Rounded to the nearest, whichever way it goes.
            if b >= a {
                a + ((b - a) * step * 2 + steps) / (2 * steps)
            } else {
                a - ((a - b) * step * 2 + steps) / (2 * steps)
            }
        };
        for step in 0..=steps {
            self.dot(between(from.0, to.0, step), between(from.1, to.1, step), series);
        }
    }

    /// The character at a place and its series; none where there is no dot.
    pub(super) fn at(&self, column: usize, row: usize) -> Option<(char, usize)> {
        let (bits, series) = self.cells[row * self.wide + column];
        (bits != 0).then(|| (char::from_u32(0x2800 + u32::from(bits)).expect("a Braille character"), series))
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;

    #[test]
    fn dots_become_characters() {
        let mut grid = Grid::new(2, 1);
        grid.line((0, 3), (3, 0), 0);
        let line: String = (0..2).map(|column| grid.at(column, 0).map_or(' ', |(c, _)| c)).collect();
        assert_eq!(line, "⡠⠊");
        grid.dot(9, 9, 0);
        assert_eq!(Grid::new(1, 1).at(0, 0), None);
    }
}
