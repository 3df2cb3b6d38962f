//! What Tauri's bundler is told of macOS and Windows, as far as it can be looked at anywhere: the files are there, the icons
//! have the sizes, links are claimed. That the installers work only those systems can show.

use std::path::{Path, PathBuf};

use tauri::Config;
use tauri::utils::config::BundleType;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn config() -> Config {
    let text = std::fs::read_to_string(root().join("tauri.conf.json")).expect("the configuration");
    serde_json::from_str(&text).expect("Tauri knows every field")
}

/// The sides of the pictures in an icon of Windows.
fn sides_of_ico(bytes: &[u8]) -> Vec<u32> {
    assert_eq!(bytes[..4], [0, 0, 1, 0], "an icon");
    let count = usize::from(u16::from_le_bytes([bytes[4], bytes[5]]));
    // A byte holds no 256.
    (0..count).map(|at| u32::from(bytes[6 + 16 * at])).map(|side| if side == 0 { 256 } else { side }).collect()
}

/// The kinds of pictures in an icon of macOS, each with its bytes.
fn kinds_of_icns(bytes: &[u8]) -> Vec<(String, &[u8])> {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    assert_eq!((&bytes[..4], number(4)), (b"icns".as_slice(), bytes.len()), "an icon, whole");
    let (mut kinds, mut at) = (Vec::new(), 8);
    while at < bytes.len() {
        let length = number(at + 4);
        kinds.push((String::from_utf8_lossy(&bytes[at..at + 4]).into_owned(), &bytes[at + 8..at + length]));
        at += length;
    }
    kinds
}

fn side_of_png(bytes: &[u8]) -> u32 {
    assert_eq!(bytes[1..4], *b"PNG");
    u32::from_be_bytes(bytes[16..20].try_into().expect("four bytes"))
}

#[test]
fn every_file_that_the_bundler_is_told_of_is_there() {
    let bundle = config().bundle;
    let (mac, windows) = (&bundle.macos, &bundle.windows);
    let nsis = windows.nsis.as_ref().expect("an installer for Windows");
    let mut files: Vec<PathBuf> = bundle.icon.iter().map(PathBuf::from).collect();
    files.extend(mac.entitlements.as_ref().map(PathBuf::from));
    files.extend([&bundle.license_file, &mac.info_plist, &nsis.installer_icon].into_iter().flatten().cloned());
    assert_eq!(files.len(), bundle.icon.len() + 4, "none of them is left out");
    for file in files {
        assert!(root().join(&file).is_file(), "{}", file.display());
    }
}

#[test]
fn the_icons_have_every_size_that_a_system_asks_for() {
    let read = |name: &str| std::fs::read(root().join("icons").join(name)).expect(name);
    assert_eq!(sides_of_ico(&read("icon.ico")), [16, 24, 32, 48, 64, 256]);
    let icns = read("icon.icns");
    let kinds = kinds_of_icns(&icns);
    assert_eq!(kinds.iter().filter(|(kind, _)| ["is32", "s8mk", "il32", "l8mk"].contains(&kind.as_str())).count(), 4);
    for (kind, side) in [
        ("ic11", 32),
        ("ic12", 64),
        ("ic07", 128),
        ("ic13", 256),
        ("ic08", 256),
        ("ic14", 512),
        ("ic09", 512),
        ("ic10", 1024),
    ] {
        let (_, picture) = kinds.iter().find(|(found, _)| found == kind).unwrap_or_else(|| panic!("{kind} is missing"));
        assert_eq!(side_of_png(picture), side, "{kind}");
    }
    for icon in config().bundle.icon.iter().filter(|icon| icon.ends_with(".png")) {
        let name = Path::new(icon).file_name().and_then(|name| name.to_str()).expect("a name");
        let side = name.split('x').next().and_then(|side| side.parse::<u32>().ok()).expect("its side");
        let twice = if name.contains("@2x") { 2 } else { 1 };
        assert_eq!(side_of_png(&read(name)), side * twice, "{name}");
    }
}

#[test]
fn installers_claim_the_links_and_never_go_back_a_version() {
    let config = config();
    let links = serde_json::json!(config.plugins.0.get("deep-link"));
    assert_eq!(links["desktop"]["schemes"], serde_json::json!(["cuetower"]), "what the installers of Windows register");
    let plist =
        std::fs::read_to_string(root().join(config.bundle.macos.info_plist.expect("one"))).expect("it can be read");
    assert!(plist.contains("<array><string>cuetower</string></array>"), "what macOS registers");
    assert!(config.bundle.macos.hardened_runtime, "nothing unsigned is notarised");
    // A store is brought up to date once; an older program refuses it.
    assert!(!config.bundle.windows.allow_downgrades);
    assert!(
        config.bundle.windows.wix.and_then(|wix| wix.upgrade_code).is_some(),
        "each version replaces the one before"
    );
    let wanted = [BundleType::App, BundleType::Dmg, BundleType::Nsis, BundleType::Msi];
    assert_eq!(config.bundle.targets.to_vec(), wanted);
}
