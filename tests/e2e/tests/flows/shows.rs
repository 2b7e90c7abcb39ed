//! The fourteen shows of the demonstration end as they should, and nothing happens twice in them.

use forebay_e2e::shows::{self, ALL};

/// Play the show of this use case.
async fn play(id: &str) {
    let show = ALL.into_iter().find(|show| show.id == id).unwrap();
    let played = shows::play(show, &mut |_, _| {}).await.unwrap();
    assert_eq!(played.books.repeated, [""; 0]);
    assert!(played.books.effects > 0, "nothing was written");
}

macro_rules! shows {
    ($($name:ident: $id:literal,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                play($id).await;
            }
        )*

        #[test]
        fn every_use_case_has_a_show() {
            assert_eq!(ALL.map(|show| show.id), [$($id),*]);
        }
    };
}

shows! {
    canto_1: "canto-1",
    canto_2: "canto-2",
    canto_3: "canto-3",
    canto_4: "canto-4",
    canto_5: "canto-5",
    canto_6: "canto-6",
    canto_7: "canto-7",
    iconik_1: "iconik-1",
    iconik_2: "iconik-2",
    iconik_3: "iconik-3",
    iconik_4: "iconik-4",
    iconik_5: "iconik-5",
    iconik_6: "iconik-6",
    iconik_7: "iconik-7",
}
