//! The surfaces of the fuzz targets, with the fixtures as seeds: whole, and the payload of each packet, with a
//! few bytes changed. It is no fuzzing; it keeps the targets working and their assertions true.

use std::fs;
use std::path::Path;

use tlswhy::capture::{Item, PacketSource, Reader};

#[path = "../fuzz/surfaces.rs"]
mod surfaces;

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for folder in ["client-cert-missing", "none", "upgrade-refused", "corrupted-record", "client-cert-malformed"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
        let mut files: Vec<_> =
            fs::read_dir(folder).expect("fixtures").map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending != "toml")).take(6) {
            let bytes = fs::read(file).expect("a fixture");
            let mut reader = Reader::new(bytes.as_slice());
            while let Ok(Some(item)) = reader.next() {
                if let Item::Packet(packet) = item {
                    seeds.extend([14, 34, 54, 66].iter().filter_map(|at| packet.data.get(*at..)).map(<[u8]>::to_vec));
                }
            }
            seeds.push(bytes);
        }
    }
    seeds.retain(|seed| !seed.is_empty());
    seeds
}

#[test]
fn every_surface_takes_the_fixtures_and_what_is_near_them() {
    let seeds = seeds();
    assert!(seeds.len() > 200, "{} seeds", seeds.len());
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for (name, surface) in surfaces::ALL {
        let heavy = matches!(*name, "whole" | "decryption");
        for seed in seeds.iter().step_by(if heavy { 7 } else { 1 }) {
            surface(seed);
            for choice in 0..3_u8 {
                let mut near = seed.clone();
                let at = random(near.len());
                near[at] = near[at].wrapping_add(1 + choice);
                near[0] = random(256) as u8;
                surface(&near);
            }
        }
    }
}
