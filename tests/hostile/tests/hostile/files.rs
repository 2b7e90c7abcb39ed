//! Files and folders that are not what they seem.

use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use forebay_hostile::{House, NEIGHBOUR, Place, guests, limits, open_to_all};
use forebay_model::Digest;
use forebay_model::ports::Guests as _;
use forebay_sandbox::Error;

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_judged_by_what_was_read() {
    let (good, other) = (guests::rust("prowler"), guests::rust("smuggler"));
    let known = [Digest::of(&good), Digest::of(&other)];
    let house = House::with(&[]).await;
    let path = house.place.plugins().join("changing.wasm");
    let stop = Arc::new(AtomicBool::new(false));
    // Overwrites in place, without end: what is read may be a bit of both.
    let writer = std::thread::spawn({
        let (stop, halves) = (
            Arc::clone(&stop),
            [good.clone(), other, good[..9_000].to_vec()],
        );
        move || {
            for bytes in halves.iter().cycle() {
                std::fs::write(&path, bytes).unwrap();
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    });
    for _ in 0..30 {
        house.beside(house.registry.rescan()).await;
        // Whatever was accepted is one of the two as a whole, and kept as that.
        for name in ["prowler", "smuggler"] {
            let Some(plugin) = house.registry.current(name) else {
                continue;
            };
            assert!(known.contains(&plugin.digest), "{}", plugin.digest);
            let kept = house
                .place
                .data()
                .join(format!("plugins/{}.wasm", plugin.digest));
            assert_eq!(Digest::of(&std::fs::read(kept).unwrap()), plugin.digest);
        }
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    house.place.drop_file("changing.wasm", &good);
    house.registry.rescan().await;
    assert_eq!(house.plugin("prowler").digest, known[0]);
    assert_eq!(house.registry.quarantined(), []);
}

#[tokio::test]
async fn links_are_not_followed_wherever_they_lead() {
    let place = Place::default();
    place.drop_guest(NEIGHBOUR);
    let secret = place.outside("prowler.wasm");
    std::fs::write(&secret, guests::rust("prowler")).unwrap();
    let dropped = place.plugins();
    symlink(&secret, dropped.join("a-link.wasm")).unwrap();
    symlink("../prowler.wasm", dropped.join("b-relative.wasm")).unwrap();
    symlink("/dev/zero", dropped.join("c-endless.wasm")).unwrap();
    symlink("neighbour.wasm", dropped.join("d-own.wasm")).unwrap();
    symlink("e-loop.wasm", dropped.join("e-loop.wasm")).unwrap();
    let house = House::at(place, limits()).await.unwrap();
    for file in ["a-link", "b-relative", "c-endless", "d-own", "e-loop"] {
        let (code, reason) = house.refusal(&format!("{file}.wasm"));
        assert_eq!(code, "unreadable", "{file}");
        assert!(reason.contains("copy the file itself"), "{file}: {reason}");
    }
    assert_eq!(house.registry.list().len(), 1);
    house.neighbour_answers().await;
}

#[tokio::test]
async fn a_pipe_does_not_hold_the_host_up() {
    let place = Place::default();
    place.drop_guest(NEIGHBOUR);
    let pipe = place.plugins().join("pipe.wasm");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let house = House::at(place, limits()).await.unwrap();
    assert_eq!(house.refusal("pipe.wasm").0, "unreadable");
    house.neighbour_answers().await;
}

#[tokio::test]
async fn a_drop_directory_for_everybody_is_refused() {
    let place = Place::default();
    place.drop_guest(NEIGHBOUR);
    open_to_all(&place.plugins());
    let error = House::at(place, limits()).await.err().unwrap();
    assert!(matches!(error, Error::WorldWritable(_)), "{error}");
    assert!(error.to_string().contains("chmod o-w"), "{error}");
}

#[tokio::test]
async fn folders_of_the_host_for_everybody_are_refused() {
    for folder in ["plugins", "cache"] {
        let place = Place::default();
        let path = place.data().join(folder);
        if path.is_symlink() {
            std::fs::remove_file(&path).unwrap();
        }
        std::fs::create_dir(&path).unwrap();
        open_to_all(&path);
        let error = House::at(place, limits()).await.err().unwrap();
        assert!(
            matches!(error, Error::WorldWritable(_)),
            "{folder}: {error}"
        );
        assert!(error.to_string().contains(folder), "{error}");
    }
}
