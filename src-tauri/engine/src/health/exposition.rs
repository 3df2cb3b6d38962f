//! Prometheus' text format, version 0.0.4: a page of families, each with its help, its type and its samples.

use std::fmt::Write as _;

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// The samples of one name come right after it.
    pub fn counter(&mut self, name: &str, help: &str) {
        self.family(name, "counter", help);
    }

    pub fn gauge(&mut self, name: &str, help: &str) {
        self.family(name, "gauge", help);
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels = labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect::<Vec<_>>();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.line(format_args!("{name}{labels} {}", number(value)));
    }

    /// A gauge or counter of one sample.
    pub fn one(&mut self, name: &str, value: f64) {
        self.sample(name, &[], value);
    }

    /// `(upper bound in seconds, how many were not above it)`, how many there were in all, and their sum in seconds.
    pub fn histogram(&mut self, name: &str, help: &str, (buckets, all, sum): (Vec<(f64, u64)>, u64, f64)) {
        self.family(name, "histogram", help);
        for (bound, count) in buckets {
            self.sample(&format!("{name}_bucket"), &[("le", &number(bound))], count as f64);
        }
        self.sample(&format!("{name}_bucket"), &[("le", "+Inf")], all as f64);
        self.one(&format!("{name}_sum"), sum);
        self.one(&format!("{name}_count"), all as f64);
    }

    pub fn text(self) -> String {
        self.0
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("a text takes all that fits into memory");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Without an exponent, which some readers do not take.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { "NaN".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_the_format_wants_it() {
        let mut page = Page::default();
        page.gauge("g", "Two\nlines\\");
        page.sample("g", &[("a", "x\"y\\z\n"), ("b", "")], 12_000_000_000.0);
        page.counter("c", "C.");
        page.one("c", 0.25);
        page.histogram("h", "H.", (vec![(0.001, 2), (5.0, 3)], 4, 6.5));
        let wanted = "# HELP g Two\\nlines\\\\\n# TYPE g gauge\ng{a=\"x\\\"y\\\\z\\n\",b=\"\"} 12000000000\n\
            # HELP c C.\n# TYPE c counter\nc 0.25\n# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"0.001\"} 2\n\
            h_bucket{le=\"5\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 6.5\nh_count 4\n";
        assert_eq!(page.text(), wanted);
    }
}
