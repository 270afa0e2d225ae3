//! Colours, for paper and for the dark.
//!
//! Every colour of a text or a series has a contrast of 4.5 to 1 or more against its background, and the first series
//! differ in lightness for those who see fewer hues.

/// What a picture is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    Light,
    /// Light on black.
    Dark,
    /// Either, as the page says that it stands on (`color-scheme`); only for SVG in a page.
    Auto,
}

impl Theme {
    /// Every theme with its word.
    pub const ALL: [(&'static str, Self); 3] = [("light", Self::Light), ("dark", Self::Dark), ("auto", Self::Auto)];
}

/// What a stroke or a letter is for; its colour follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ink {
    Paper,
    Text,
    /// Labels of axes.
    Muted,
    /// Lines of ticks.
    Grid,
    /// The line that bars stand on.
    Axis,
    /// A threshold.
    Limit,
    /// A series; after the eighth they begin anew.
    Series(usize),
    /// What is left over.
    Rest,
    /// A shade of a heatmap, from 0 to 1.
    Heat(f64),
    /// The other side of nothing in a heatmap, from 0 to 1.
    Cold(f64),
    /// Letters on a shade of [`Ink::Heat`].
    OnHeat(f64),
    /// Letters on a shade of [`Ink::Cold`].
    OnCold(f64),
}

/// Red, green and blue.
pub(super) type Rgb = [u8; 3];

const fn rgb(hex: u32) -> Rgb {
    let [_, red, green, blue] = hex.to_be_bytes();
    [red, green, blue]
}

/// For paper and for the dark.
const SERIES: [[Rgb; 2]; 8] = [
    [rgb(0x1f6fb8), rgb(0x6bb1f5)],
    [rgb(0xb8500c), rgb(0xf7a35c)],
    [rgb(0x0b7a66), rgb(0x4fd1b5)],
    [rgb(0x9c3587), rgb(0xee8fd6)],
    [rgb(0x6d6100), rgb(0xd9c84a)],
    [rgb(0x5b4bc4), rgb(0xb0a4ff)],
    [rgb(0xb3263e), rgb(0xff8d9b)],
    [rgb(0x44586a), rgb(0xb4c3d1)],
];

/// The ends of the shades of a heatmap: near nothing, and most.
const HEAT: [[Rgb; 2]; 2] = [[rgb(0xe4eef8), rgb(0x20303f)], [rgb(0x0f4c86), rgb(0x7cc0ff)]];
const COLD: [[Rgb; 2]; 2] = [[rgb(0xfaece2), rgb(0x3a2a20)], [rgb(0x9a3f05), rgb(0xffb27a)]];

impl Ink {
    /// The colour on paper and in the dark.
    pub(super) fn colours(self) -> [Rgb; 2] {
        match self {
            Self::Paper => [rgb(0xffffff), rgb(0x14181d)],
            Self::Text => [rgb(0x1b2430), rgb(0xe8edf2)],
            Self::Muted => [rgb(0x566270), rgb(0x9fadba)],
            Self::Grid => [rgb(0xe6eaee), rgb(0x2a323b)],
            Self::Axis => [rgb(0x8a96a3), rgb(0x6d7a87)],
            Self::Limit => [rgb(0xb3263e), rgb(0xff8d9b)],
            Self::Series(index) => SERIES[index % SERIES.len()],
            Self::Rest => [rgb(0x8a96a3), rgb(0x6d7a87)],
            Self::Heat(shade) => mixed(HEAT, shade),
            Self::Cold(shade) => mixed(COLD, shade),
            Self::OnHeat(shade) => mixed(HEAT, shade).map(legible),
            Self::OnCold(shade) => mixed(COLD, shade).map(legible),
        }
    }

    /// What can be read on a shade of a heatmap.
    pub(super) fn letters(self) -> Self {
        match self {
            Self::Cold(shade) => Self::OnCold(shade),
            Self::Heat(shade) => Self::OnHeat(shade),
            _ => Self::Text,
        }
    }
}

/// Black or white, whichever stands out more; one of them always does by 4.5 to 1.
fn legible(ground: Rgb) -> Rgb {
    let (black, white) = (rgb(0x000000), rgb(0xffffff));
    if contrast(black, ground) > contrast(white, ground) { black } else { white }
}

/// The contrast of two colours as WCAG has it.
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let light = |colour: Rgb| {
        let channel = |n: usize| {
            let share = f64::from(colour[n]) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2)
    };
    let (a, b) = (light(a) + 0.05, light(b) + 0.05);
    a.max(b) / a.min(b)
}

/// The shade between two ends.
fn mixed(ends: [[Rgb; 2]; 2], shade: f64) -> [Rgb; 2] {
    let between = |from: Rgb, to: Rgb| {
        let channel = |n: usize| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between two bytes")]
            let mixed = (f64::from(from[n]) + (f64::from(to[n]) - f64::from(from[n])) * shade.clamp(0.0, 1.0)) as u8;
            mixed
        };
        [channel(0), channel(1), channel(2)]
    };
    [between(ends[0][0], ends[1][0]), between(ends[0][1], ends[1][1])]
}

#[cfg(test)]
mod tests {
    use super::{Ink, contrast};

    #[test]
    fn every_text_can_be_read() {
        let mut inks = vec![Ink::Text, Ink::Muted, Ink::Limit];
        inks.extend((0..8).map(Ink::Series));
        for side in [0, 1] {
            for ink in &inks {
                let ratio = contrast(ink.colours()[side], Ink::Paper.colours()[side]);
                assert!(ratio >= 4.5, "{ink:?} on side {side}: {ratio:.2}");
            }
            for shade in 0..=100 {
                let shade = f64::from(shade) / 100.0;
                for ground in [Ink::Heat(shade), Ink::Cold(shade)] {
                    let ratio = contrast(ground.letters().colours()[side], ground.colours()[side]);
                    assert!(ratio >= 4.5, "{ground:?} on side {side}: {ratio:.2}");
                }
            }
        }
    }
}
