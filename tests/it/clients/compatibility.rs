//! docs/compatibility.md against the router and against what was recorded: every route that is served stands there, every
//! route that is said to be served is, and every recorded route has its line.

use std::collections::BTreeSet;

use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/compatibility.md");

/// A route as two pages can agree on it: "GET /v1/cues/{}".
fn normal(method: &str, path: &str) -> String {
    let word = |word: &str| if word.starts_with('{') { "{}".to_owned() } else { word.to_owned() };
    format!("{method} {}", path.split('/').map(word).collect::<Vec<_>>().join("/"))
}

/// The routes in the table below this heading, with the third column.
fn below(heading: &str) -> Vec<(String, String)> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("docs/compatibility.md has no section {heading}"));
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let lines = section.lines().map(cells).filter(|cells| cells.len() >= 5 && cells[2].starts_with("`/"));
    let routes = lines.flat_map(|cells| {
        let method = cells[1].trim_matches('`').to_owned();
        let paths: Vec<String> = cells[2].split(", ").map(|path| path.trim_matches('`').to_owned()).collect();
        paths.into_iter().map(move |path| (normal(&method, &path), cells[3].clone()))
    });
    routes.collect()
}

fn page() -> BTreeSet<String> {
    below("Routes").into_iter().map(|(route, _)| route).collect()
}

fn served() -> BTreeSet<String> {
    cuetower_engine::receive::routes().iter().map(|(method, path)| normal(&method.to_uppercase(), path)).collect()
}

#[test]
fn every_route_that_is_served_stands_on_the_page() {
    let (served, page) = (served(), page());
    let missing: Vec<&String> = served.difference(&page).collect();
    assert!(missing.is_empty(), "docs/compatibility.md does not name {missing:#?}");
    let invented: Vec<&String> = page.difference(&served).collect();
    assert!(invented.is_empty(), "docs/compatibility.md names what is not served: {invented:#?}");
}

#[test]
fn what_the_page_says_is_not_served_is_not() {
    let refused = below("Not served");
    assert!(refused.len() > 5, "{refused:?}");
    for (route, _) in refused {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        let begins = |served: &String| match path.strip_suffix('…') {
            Some(beginning) => served.split(' ').nth(1).is_some_and(|path| path.starts_with(beginning)),
            None if method == "any" => served.split(' ').nth(1) == Some(path),
            None => *served == route,
        };
        let found: Vec<String> = served().into_iter().filter(begins).collect();
        assert!(found.is_empty(), "docs/compatibility.md says that {route} is not served: {found:?}");
    }
}

#[test]
fn no_route_stands_on_the_page_twice_and_each_says_what_it_is() {
    let mut seen = BTreeSet::new();
    for (route, word) in below("Routes") {
        assert!(["same", "better", "ours"].contains(&word.as_str()), "{route} is {word:?}");
        assert!(seen.insert(route.clone()), "{route} stands there twice");
    }
}

/// A recorded path fits a route if their words do; what varies fits anything.
fn fits(route: &str, method: &str, path: &str) -> bool {
    let Some((of, route)) = route.split_once(' ') else { return false };
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    of == method
        && route.len() == path.len()
        && route.iter().zip(path).all(|(word, recorded)| *word == "{}" || *word == recorded)
}

#[test]
fn every_recorded_route_has_its_line() {
    let routes = page();
    for line in include_str!("../../data/cueapi/samples.jsonl").lines() {
        let sample: Value = serde_json::from_str(line).unwrap();
        let (request, answer) = (&sample["request"], &sample["response"]["json"]);
        // Requests to nowhere were recorded, too.
        if answer["error"]["code"] == "http_error" {
            continue;
        }
        let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
        let found = routes.iter().any(|route| fits(route, method, path));
        assert!(found, "docs/compatibility.md does not name {method} {path}");
    }
}
