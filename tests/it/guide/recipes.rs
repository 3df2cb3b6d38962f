//! The recipes that need packages of others: with the packages from PyPI as they are, and a model that answers from a list.

use std::path::Path;

use cuetower_tests::Package;

use super::session::Session;

async fn cooked(recipe: &str, pins: &str) {
    let package = Package::installed(pins).await;
    let python = package.program("python", &cuetower_tests::Home::new());
    let folder = Path::new(python.as_std().get_program()).parent().unwrap().to_owned();
    Session::start().await.with_programs_of(&folder).follow(recipe).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_langchain_agent_is_as_its_recipe_says() {
    cooked("docs/recipes/langchain.md", include_str!("pins/langchain.txt")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_opentelemetry_is_as_its_recipe_says() {
    cooked("docs/recipes/opentelemetry.md", include_str!("../traces/pins.txt")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crew_is_as_its_recipe_says() {
    cooked("docs/recipes/crew.md", include_str!("pins/crew.txt")).await;
}
