//! Guests that import what the engines of other languages do: `wasi:cli`, `clocks`, `filesystem` and `random` of WASI 0.2. It is linked,
//! and nothing is behind it.

use hallpass_domain::port::Effect;

use super::act::act_written;

#[test]
pub(super) fn read_the_environment() {
    act_written("read_the_environment").play().succeeded();
}

#[test]
pub(super) fn open_a_folder() {
    act_written("open_a_folder").play().succeeded();
}

#[test]
pub(super) fn read_the_clock() {
    act_written("read_the_clock").play().succeeded();
}

#[test]
pub(super) fn set_a_timer() {
    act_written("set_a_timer").within_ms(1_500).play().failed("deadline", Effect::None);
}

#[test]
pub(super) fn draw_lots() {
    let drawn = || {
        let done = act_written("draw_lots").play().succeeded();
        let [line] = done.log.as_slice() else { panic!("one line: {:?}", done.log) };
        let (_, letters) = line.rsplit_once("text=").expect("it logs what it drew");
        letters.trim_matches('"').to_owned()
    };
    let first = drawn();
    assert_eq!(first.len(), 128, "{first}");
    assert_eq!(first, drawn(), "what differs from call to call is randomness");
}

#[test]
pub(super) fn print_without_end() {
    let done = act_written("print_without_end").play().succeeded();
    let printed: usize = done.log.iter().filter_map(|line| line.split("text=").nth(1)).map(str::len).sum();
    // 16 KiB in lines of a thousand letters.
    assert!((1..=17).contains(&done.log.len()) && printed <= 17 * 1024, "{} lines, {printed} bytes", done.log.len());
}

#[test]
pub(super) fn leave_by_exit() {
    act_written("leave_by_exit").play().failed("broken-rule", Effect::None);
}
