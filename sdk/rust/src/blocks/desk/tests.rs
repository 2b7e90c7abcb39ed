use std::rc::Rc;

use super::*;
use crate::blocks::Span;
use crate::testing::{People, START, Script};
use crate::time::HOUR;

const RULES: fn(&WorkCalendar) -> DeskRules<'_> = |calendar| DeskRules {
    fallback_group: "admins",
    escalation_group: "leads",
    calendar,
    reminders: &[50],
    channels: &[],
};

struct Bench {
    people: Rc<People>,
    cx: Cx,
    calendar: WorkCalendar,
    desk: Desk,
}

fn bench() -> Bench {
    let people = Rc::new(People::new());
    let script = Script::new()
        .workflow(people.clone())
        .tasks(people.clone())
        .directory(people.clone());
    Bench {
        people,
        cx: Cx::scripted(script),
        calendar: WorkCalendar::default(),
        desk: Desk::default(),
    }
}

fn question(id: &str) -> Question {
    Question::to_group(id, "Decide", "rights").sla(Span::Minutes(120))
}

impl Bench {
    fn open(&mut self, questions: Vec<Question>) {
        let request = StartRequest::new("rightsReview", "key", "title");
        let rules = RULES(&self.calendar);
        self.desk
            .open(&self.cx, &rules, request, questions)
            .unwrap();
    }

    fn answers(&mut self) -> Vec<String> {
        match self.desk.read(&self.cx).unwrap() {
            Reading::Open(answers) => answers
                .into_iter()
                .map(|answer| format!("{}: {}", answer.question, answer.outcome))
                .collect(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn each_answer_is_read_once() {
    let mut bench = bench();
    bench.open(vec![question("a"), question("b")]);
    assert_eq!(bench.people.open(), ["a: rights", "b: rights"]);
    bench.people.answer("b", "ann@example.com", "renew", &[]);
    assert_eq!(bench.answers(), ["b: renew"]);
    assert_eq!(bench.answers(), [""; 0]);
    assert_eq!(bench.desk.asked.keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn answers_are_read_while_the_process_runs() {
    let mut bench = bench();
    bench.open(vec![question("a"), question("b")]);
    bench.people.answer("a", "ann@example.com", "renew", &[]);
    let answers = bench.desk.answers(&bench.cx).unwrap().unwrap();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].question, "a");
    let process = bench.desk.process.clone();
    bench
        .people
        .set_state(&process, ProcessState::Terminated, Some("by mistake"));
    let why = bench.desk.answers(&bench.cx).unwrap().unwrap_err();
    assert!(why.ends_with("in the workflow engine: by mistake"), "{why}");
}

#[test]
fn opening_again_adopts_the_process_and_asks_nothing_twice() {
    let mut bench = bench();
    bench.open(vec![question("a")]);
    bench.desk = Desk::default();
    bench.open(vec![question("a"), question("b")]);
    assert_eq!(bench.people.processes().len(), 1);
    assert_eq!(bench.people.open(), ["a: rights", "b: rights"]);
}

#[test]
fn a_process_that_was_left_is_not_adopted_again() {
    let mut bench = bench();
    bench.open(vec![question("a")]);
    bench.desk.leave(&bench.cx, "ended by mistake").unwrap();
    assert!(!bench.desk.is_open());
    bench.open(vec![question("a")]);
    let processes = bench.people.processes();
    assert_eq!(processes.len(), 2, "{processes:?}");
    assert_eq!(bench.people.open(), ["a: rights"]);
}

#[test]
fn questions_taken_back_are_no_answers() {
    let mut bench = bench();
    bench.open(vec![question("a"), question("b")]);
    bench.desk.withdraw(&bench.cx, &["a"]).unwrap();
    assert_eq!(bench.people.open(), ["b: rights"]);
    assert_eq!(bench.answers(), [""; 0]);
    bench.desk.withdraw_all(&bench.cx).unwrap();
    assert_eq!(bench.people.open(), [""; 0]);
    assert_eq!(bench.desk.asked.len(), 0);
}

#[test]
fn time_reminds_escalates_and_ends() {
    let mut bench = bench();
    bench.open(vec![question("a")]);
    let rules = RULES(&bench.calendar);
    let mut told = Vec::new();
    loop {
        let timers: Vec<_> = bench.desk.timers().collect();
        let [(name, at)] = timers.as_slice() else {
            break;
        };
        told.push(at - START);
        let alarm = bench.desk.alarm(&bench.cx, &rules, name).unwrap();
        if alarm == Some(Alarm::TimedOut("a".to_owned())) {
            break;
        }
    }
    assert_eq!(told, [HOUR, 2 * HOUR, 4 * HOUR]);
    let done = bench.people.done.borrow();
    assert!(done[0].starts_with("comment task-1"), "{done:?}");
    assert_eq!(done[1], "reassign task-1: leads");
}

#[test]
fn a_run_parks_only_when_time_is_up() {
    let mut bench = bench();
    bench.open(vec![question("a")]);
    let rules = RULES(&bench.calendar);
    let mut up = |name| bench.desk.time_is_up(&bench.cx, &rules, name).unwrap();
    for timer in ["look", "desk:50:a", "desk:100:a", "desk:200:answered"] {
        assert_eq!(up(timer), None, "{timer}");
    }
    let reason = up("desk:200:a").unwrap();
    assert_eq!(reason, "nobody answered `a` within twice the time");
}

#[test]
fn the_rest_of_a_question_goes_on_with_its_time() {
    let mut bench = bench();
    let rest = question("a:2").since(START - HOUR - HOUR / 2);
    bench.open(vec![rest]);
    let timers: Vec<_> = bench.desk.timers().collect();
    assert_eq!(timers, [("desk:100:a:2".to_owned(), START + HOUR / 2)]);
    assert_eq!(bench.desk.due(), Some(START + HOUR / 2));
}

#[test]
fn an_unknown_group_is_replaced() {
    let mut bench = bench();
    bench.people.disabled.borrow_mut().push("rights".to_owned());
    bench.open(vec![question("a")]);
    assert_eq!(bench.people.open(), ["a: admins"]);
}
