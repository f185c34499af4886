//! Plots as inline SVG. Written by hand, because the page has to follow the reader's colours by CSS,
//! and a plotting library would write them into the picture.

use std::fmt::Write;

use super::html::escaped;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 26.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 38.0;
/// Colours that the page has.
pub(super) const COLOURS: usize = 6;

/// One line of a plot.
pub(super) struct Line {
    pub(super) name: String,
    /// Which of the page's colours.
    pub(super) colour: usize,
    /// Drawn as what was before.
    pub(super) is_baseline: bool,
    pub(super) points: Vec<(f64, f64)>,
}

pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    pub(super) x_label: &'a str,
    pub(super) y_label: &'a str,
    /// Places on the x axis and what stands there; none: numbers.
    pub(super) x_ticks: Option<Vec<(f64, String)>>,
    pub(super) log_y: bool,
    pub(super) lines: Vec<Line>,
}

impl Plot<'_> {
    /// A figure with a legend. Nothing if there is nothing to draw.
    pub(super) fn figure(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        if points().count() < 2 {
            return String::new();
        }
        let x_max = points().map(|point| point.0).fold(f64::MIN, f64::max);
        let x_min = points().map(|point| point.0).fold(f64::MAX, f64::min);
        let y_max = points().map(|point| point.1).fold(f64::MIN, f64::max);
        let positive = points().map(|point| point.1).filter(|y| *y > 0.0);
        let y_min = positive.fold(f64::MAX, f64::min).min(y_max.max(1e-9));
        let y = Axis::new(y_min, y_max, self.log_y);
        let x_span = (x_max - x_min).max(1e-9);
        let x_at = |x: f64| LEFT + (x - x_min) / x_span * (WIDTH - LEFT - RIGHT);
        let y_at = |value: f64| HEIGHT - BOTTOM - y.part(value) * (HEIGHT - TOP - BOTTOM);

        let mut svg = String::new();
        let title = escaped(self.title);
        let _ = write!(
            svg,
            "<figure><figcaption>{title}</figcaption>{}<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">",
            self.legend()
        );
        for (value, label) in y.ticks() {
            let at = y_at(value);
            let right = WIDTH - RIGHT;
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 6.0,
                at + 4.0
            );
        }
        for (value, label) in self.x_ticks(x_min, x_max) {
            let (at, under) = (x_at(value), HEIGHT - BOTTOM + 15.0);
            let _ = write!(
                svg,
                "<text x=\"{at:.1}\" y=\"{under:.1}\" text-anchor=\"middle\">{label}</text>"
            );
        }
        for line in &self.lines {
            let class = if line.is_baseline { " before" } else { "" };
            let points = line.points.iter();
            let points = points.map(|(x, y)| format!("{:.1},{:.1}", x_at(*x), y_at(*y)));
            let _ = write!(
                svg,
                "<polyline class=\"c{}{class}\" points=\"{}\"/>",
                line.colour % COLOURS,
                points.collect::<Vec<_>>().join(" ")
            );
        }
        let middle = (LEFT + WIDTH - RIGHT) / 2.0;
        let _ = write!(
            svg,
            "<text class=\"axis\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text><text class=\"axis\" transform=\"translate(12 {}) rotate(-90)\" text-anchor=\"middle\">{}</text></svg></figure>",
            HEIGHT - 4.0,
            escaped(self.x_label),
            (TOP + HEIGHT - BOTTOM) / 2.0,
            escaped(self.y_label),
        );
        svg
    }

    fn legend(&self) -> String {
        let item = |line: &Line| {
            let class = if line.is_baseline { " before" } else { "" };
            let colour = line.colour % COLOURS;
            let name = escaped(&line.name);
            format!("<li><i class=\"k{colour}{class}\"></i>{name}</li>")
        };
        let items: String = self.lines.iter().map(item).collect();
        format!("<ul class=\"legend\">{items}</ul>")
    }

    fn x_ticks(&self, min: f64, max: f64) -> Vec<(f64, String)> {
        match &self.x_ticks {
            Some(ticks) => {
                let within = ticks.iter().filter(|(x, _)| (min..=max).contains(x));
                within.cloned().collect()
            }
            None => {
                let step = nice_step(max - min, 8.0).max(1.0);
                let first = (min / step).ceil() as i64;
                let last = (max / step).floor() as i64;
                let tick = |at: i64| (at as f64 * step, short(at as f64 * step));
                (first..=last).map(tick).collect()
            }
        }
    }
}

struct Axis {
    min: f64,
    max: f64,
    step: f64,
    log: bool,
}

impl Axis {
    fn new(min: f64, max: f64, log: bool) -> Self {
        if log {
            let min = 10f64.powf(min.max(1e-6).log10().floor());
            let max = 10f64.powf(max.max(1e-6).log10().ceil()).max(min * 10.0);
            return Self {
                min,
                max,
                step: 0.0,
                log,
            };
        }
        let step = nice_step(max.max(1e-9), 5.0);
        let max = (max.max(1e-9) / step).ceil() * step;
        Self {
            min: 0.0,
            max,
            step,
            log,
        }
    }

    fn part(&self, value: f64) -> f64 {
        if self.log {
            let span = self.max.log10() - self.min.log10();
            return (value.max(self.min).log10() - self.min.log10()) / span;
        }
        value / self.max
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        if self.log {
            let (from, to) = (
                self.min.log10().round() as i32,
                self.max.log10().round() as i32,
            );
            let powers = (from..=to).map(|power| 10f64.powi(power));
            return powers.map(|value| (value, short(value))).collect();
        }
        let count = (self.max / self.step).round() as i32;
        let values = (0..=count).map(|at| f64::from(at) * self.step);
        values.map(|value| (value, short(value))).collect()
    }
}

/// 1, 2 or 5 times a power of ten, so that about `count` of them fill the span.
fn nice_step(span: f64, count: f64) -> f64 {
    let rough = (span / count).max(1e-12);
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|it| it * power);
    steps
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(power)
}

/// A number in few characters.
fn short(value: f64) -> String {
    match value.abs() {
        it if it >= 1e6 => format!("{}M", value / 1e6),
        it if it >= 1e4 => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 1e6).round() / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!(nice_step(10.0, 5.0), 2.0);
        assert_eq!(nice_step(60.0, 8.0), 10.0);
        assert!((nice_step(0.7, 5.0) - 0.2).abs() < 1e-9);
        assert_eq!(short(250_000.0), "250k");
        assert_eq!(short(0.30000000000000004), "0.3");
    }

    #[test]
    fn a_plot_shows_each_line_and_nothing_is_not_drawn() {
        let line = |points: Vec<(f64, f64)>| Line {
            name: "a<b".into(),
            colour: 1,
            is_baseline: true,
            points,
        };
        let plot = |points| Plot {
            title: "t",
            x_label: "x",
            y_label: "y",
            x_ticks: None,
            log_y: true,
            lines: vec![line(points)],
        };
        let figure = plot(vec![(0.0, 0.5), (1.0, 20.0)]).figure();
        assert!(figure.contains("<polyline class=\"c1 before\""));
        assert!(figure.contains("a&lt;b") && !figure.contains("NaN"));
        assert_eq!(plot(vec![]).figure(), "");
    }
}
