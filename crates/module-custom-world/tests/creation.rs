//! Stages, what they lack, cards, conversations and operations.

#![allow(clippy::unwrap_used)]

use module_custom_world::*;
use module_rules::RuleError;
use proptest::prelude::*;

fn illegal(what: &'static str, from: &'static str, to: &'static str, advice: &'static str) -> RuleError {
    RuleError::IllegalTransition { what, from, to, advice }
}

/// One forward, any number back, or out; and nothing from an end.
#[test]
fn every_pair_of_stages() {
    use CreationStage::{Abandoned, Finished};
    for (number, from) in CreationStage::ALL.into_iter().enumerate() {
        for (other, to) in CreationStage::ALL.into_iter().enumerate() {
            let expected = match (from, to) {
                _ if from == to => Ok(CreationStep::Already),
                (Finished | Abandoned, _) => Err(illegal("A creation", from.name(), to.name(), " Begin a new one.")),
                (_, Abandoned) => Ok(CreationStep::GivenUp),
                _ if other == number + 1 => Ok(CreationStep::Approved),
                _ if other < number => Ok(CreationStep::Returned),
                _ => Err(illegal("A creation", from.name(), to.name(), " Approve one stage after the other.")),
            };
            assert_eq!(creation_transition(from, to), expected, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn six_stages_are_worked_on() {
    assert_eq!(CreationStage::WORKING.to_vec(), CreationStage::Brief.and_later().collect::<Vec<_>>());
    assert_eq!(CreationStage::Assets.and_later().count(), 2);
    assert_eq!(CreationStage::Finished.and_later().count(), 0);
    for stage in CreationStage::ALL {
        assert_eq!(stage.is_open(), CreationStage::WORKING.contains(&stage));
        assert_eq!(check_creation_open(stage).is_ok(), stage.is_open());
        assert_eq!(check_working_stage(stage).is_ok(), stage.is_open());
        assert_eq!(stage.next().is_some(), stage.is_open());
    }
}

#[test]
fn a_change_takes_a_creation_back_and_never_forward() {
    for present in CreationStage::ALL {
        for changed in CreationStage::WORKING {
            let after = present.after_change_of(changed);
            let expected = if present.is_open() { present.min(changed) } else { present };
            assert_eq!(after, expected);
        }
    }
}

#[test]
fn each_kind_has_its_stage() {
    for kind in EntryKind::ALL {
        let stage = CreationStage::of(kind);
        assert!(stage.is_open() && stage != CreationStage::Review, "{}", kind.name());
    }
}

fn chapter(key: &str, order: u32, required_level: u32) -> ChapterPlace {
    ChapterPlace { key: key.to_owned(), order, required_level }
}

fn complete() -> CreationFacts {
    CreationFacts {
        brief: "A mill.".to_owned(),
        settings: 1,
        chapters: vec![chapter("a", 1, 1), chapter("b", 2, 3)],
        characters: 1,
        has_cover: true,
    }
}

#[test]
fn each_stage_says_what_it_lacks() {
    for stage in CreationStage::WORKING {
        assert_eq!(shortcomings(stage, &complete()), [], "{stage:?}");
    }
    let blank = CreationFacts { brief: " \n".to_owned(), ..CreationFacts::default() };
    let lacks = |stage| shortcomings(stage, &blank);
    assert_eq!(lacks(CreationStage::Brief), [Shortcoming::BriefEmpty]);
    assert_eq!(lacks(CreationStage::Setting), [Shortcoming::SettingMissing]);
    assert_eq!(lacks(CreationStage::Chapters), [Shortcoming::ChaptersMissing]);
    assert_eq!(lacks(CreationStage::Characters), [Shortcoming::CharactersMissing]);
    assert_eq!(lacks(CreationStage::Assets), [Shortcoming::CoverMissing]);
    let codes: Vec<_> = lacks(CreationStage::Review).iter().map(Shortcoming::code).collect();
    assert_eq!(codes, ["brief_empty", "setting_missing", "chapters_missing", "characters_missing", "cover_missing"]);
}

#[test]
fn chapters_count_from_one_without_gaps() {
    let lacks = |chapters: Vec<ChapterPlace>| {
        shortcomings(CreationStage::Chapters, &CreationFacts { chapters, ..CreationFacts::default() })
    };
    let missing = |order| Shortcoming::ChapterOrderMissing { order };
    assert_eq!(lacks(vec![chapter("a", 3, 1)]), [missing(1), missing(2)]);
    let twice = Shortcoming::ChapterOrderTwice { key: "b".to_owned(), order: 1 };
    assert_eq!(twice.entry_key(), Some("b"));
    assert_eq!(lacks(vec![chapter("a", 1, 1), chapter("b", 1, 1)]), [twice]);
    let closed = Shortcoming::FirstChapterClosed { key: "a".to_owned(), required_level: 2 };
    assert_eq!(lacks(vec![chapter("a", 1, 2)]), [closed]);
    assert_eq!(lacks(vec![chapter("a", u32::MAX, 1)]).len(), SHORTCOMINGS_MAX, "the list is bounded");
}

#[test]
fn only_what_lacks_nothing_is_approved() {
    assert_eq!(check_approvable::<Shortcoming>(&[]), Ok(()));
    assert_eq!(
        check_approvable(&[Shortcoming::SettingMissing]).unwrap_err().to_string(),
        "A stage to approve must be without problems, not with one: There is no setting. Add its card."
    );
    assert_eq!(
        check_approvable(&[Shortcoming::BriefEmpty, Shortcoming::CoverMissing]).unwrap_err().to_string(),
        "A stage to approve must be without problems, not with 2, of which the first: The brief is empty. \
         Write what the world is to be."
    );
}

#[test]
fn a_world_has_one_open_creation() {
    assert_eq!(check_no_open_creation(0), Ok(()));
    assert!(matches!(check_no_open_creation(1), Err(RuleError::Differs { .. })));
}

#[test]
fn texts_of_a_creation_are_bounded() {
    assert_eq!(check_stage_draft(""), Ok(()));
    assert_eq!(check_stage_draft(&"d".repeat(STAGE_DRAFT_LENGTH_MAX)), Ok(()));
    assert!(matches!(check_stage_draft(&"d".repeat(STAGE_DRAFT_LENGTH_MAX + 1)), Err(RuleError::AboveLimit { .. })));
    assert!(matches!(check_stage_draft("\0"), Err(RuleError::Malformed { field: "draft", .. })));
    assert_eq!(check_conversation_title(""), Ok(()));
    assert!(check_conversation_title(&"t".repeat(121)).is_err());
    assert!(matches!(check_message_text(""), Err(RuleError::Malformed { field: "text", .. })));
    assert!(matches!(check_message_text(&"t".repeat(16_385)), Err(RuleError::AboveLimit { .. })));
}

#[test]
fn every_pair_of_conversation_statuses() {
    use ConversationStatus::{Closed, Open};
    assert_eq!(conversation_transition(Open, Open), Ok(AgentStep::Already));
    assert_eq!(conversation_transition(Open, Closed), Ok(AgentStep::Moved));
    assert_eq!(conversation_transition(Closed, Closed), Ok(AgentStep::Already));
    let reopened = illegal("A conversation", "closed", "open", " Begin a new one.");
    assert_eq!(conversation_transition(Closed, Open), Err(reopened));
    for status in ConversationStatus::ALL {
        assert_eq!(check_conversation_open(status).is_ok(), status == Open);
    }
}

#[test]
fn every_pair_of_operation_statuses() {
    use OperationStatus::Proposed;
    for from in OperationStatus::ALL {
        for to in OperationStatus::ALL {
            let expected = if from == to {
                Ok(AgentStep::Already)
            } else if from == Proposed {
                Ok(AgentStep::Moved)
            } else {
                Err(illegal("An operation", from.name(), to.name(), " Ask the agent to propose it anew."))
            };
            assert_eq!(operation_transition(from, to), expected, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn places_are_free_or_taken() {
    for change in ChangeKind::ALL {
        for place in [Place::Free, Place::Taken] {
            let fits = (change == ChangeKind::Add) == (place == Place::Free);
            assert_eq!(check_place(change, place).is_ok(), fits, "{change:?} {place:?}");
        }
    }
    assert_eq!(check_place(ChangeKind::Remove, Place::Free), Err(RuleError::Hidden { what: "draft card" }));
    assert!(check_same_kind(EntryKind::Item, EntryKind::Item).is_ok());
    assert!(matches!(check_same_kind(EntryKind::Item, EntryKind::Quest), Err(RuleError::Differs { .. })));
}

#[test]
fn counts_stop_at_their_limits() {
    assert!(check_conversation_count(19).is_ok() && check_conversation_count(20).is_err());
    assert!(check_message_count(499).is_ok() && check_message_count(500).is_err());
    assert!(matches!(check_proposal_length(0, 0), Err(RuleError::Malformed { field: "changes", .. })));
    assert!(check_proposal_length(450, 50).is_ok());
    assert!(check_proposal_length(451, 50).is_err() && check_proposal_length(0, 51).is_err());
    assert!(matches!(check_conversation_listing(0), Err(RuleError::Malformed { field: "limit", .. })));
    assert!(check_conversation_listing(100).is_ok() && check_conversation_listing(101).is_err());
    for kind in EntryKind::ALL {
        assert!(check_entry_count(kind, kind.count_max() - 1).is_ok());
        assert!(matches!(check_entry_count(kind, kind.count_max()), Err(RuleError::AboveLimit { .. })));
        assert!(check_entry_count(kind, u64::MAX).is_err());
    }
}

proptest! {
    /// However an author moves, approvals are exactly those of the stages before the present one.
    #[test]
    fn approvals_end_where_the_creation_stands(moves in prop::collection::vec(0..8_usize, 0..60)) {
        let (mut at, mut approved) = (CreationStage::Brief, Vec::new());
        for to in moves.into_iter().map(|number| CreationStage::ALL[number]) {
            match creation_transition(at, to) {
                Ok(CreationStep::Approved) => { approved.push(at); at = to; }
                Ok(CreationStep::Returned) => { approved.retain(|stage| *stage < to); at = to; }
                Ok(CreationStep::GivenUp) => at = to,
                Ok(CreationStep::Already) | Err(_) => {}
            }
            if at != CreationStage::Abandoned {
                let before: Vec<_> = CreationStage::WORKING.into_iter().filter(|stage| *stage < at).collect();
                prop_assert_eq!(&approved, &before);
            }
        }
    }

    /// An operation is decided once, whatever is asked afterwards.
    #[test]
    fn an_operation_is_decided_once(asked in prop::collection::vec(0..4_usize, 0..20)) {
        let (mut status, mut decisions) = (OperationStatus::Proposed, 0);
        for to in asked.into_iter().map(|number| OperationStatus::ALL[number]) {
            if operation_transition(status, to) == Ok(AgentStep::Moved) {
                status = to;
                decisions += 1;
            }
        }
        prop_assert!(decisions <= 1);
    }

    #[test]
    fn complete_chapters_lack_nothing(count in 1..50_u32) {
        let chapters = (1..=count).map(|order| chapter(&order.to_string(), order, order)).collect();
        let facts = CreationFacts { chapters, ..complete() };
        prop_assert_eq!(shortcomings(CreationStage::Review, &facts), []);
    }

    #[test]
    fn a_revision_is_the_one_on_record_or_refused(on_record: u64, based_on: u64) {
        prop_assert_eq!(check_revision(on_record, based_on).is_ok(), on_record == based_on);
    }
}
