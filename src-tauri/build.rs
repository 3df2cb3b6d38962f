//! Lets `cargo check` work on a fresh clone: Tauri insists on a built UI folder.
fn main() {
    let dist = std::path::Path::new("ui/dist");
    if !dist.exists() {
        std::fs::create_dir_all(dist).expect("ui/dist can be created beside ui/package.json");
    }
    // The built UI is embedded by a macro, which does not watch it.
    println!("cargo:rerun-if-changed=ui/dist");
    tauri_build::build();
}
