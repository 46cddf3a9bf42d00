//! What fits: every change gets a line before any gets its details, the riskiest first.

/// One change in its forms, from the shortest to the longest.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Index of its section.
    pub(super) section: usize,
    /// A line; some of the details; all details.
    pub(super) forms: [String; 3],
}

/// Chooses a form for each entry, or `None` to leave it out, so that the chosen forms and the
/// headings of their sections have at most `room` bytes.
pub(super) fn fit(headings: &[String], entries: &[Entry], room: usize) -> Vec<Option<usize>> {
    let mut chosen = vec![None; entries.len()];
    let mut used = 0;
    let mut open = vec![false; headings.len()];
    for (entry, choice) in entries.iter().zip(&mut chosen) {
        let heading = if open[entry.section] { 0 } else { headings[entry.section].len() };
        let cost = heading + entry.forms[0].len();
        // What comes after is less risky: it does not slip in because it is shorter.
        if used + cost > room {
            break;
        }
        used += cost;
        open[entry.section] = true;
        *choice = Some(0);
    }
    for form in 1..3 {
        for (entry, choice) in entries.iter().zip(&mut chosen) {
            let Some(now) = *choice else { break };
            let (less, more) = (entry.forms[now].len(), entry.forms[form].len());
            if used - less + more <= room {
                used = used - less + more;
                *choice = Some(form);
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(section: usize, lengths: [usize; 3]) -> Entry {
        Entry { section, forms: lengths.map(|length| "x".repeat(length)) }
    }

    #[test]
    fn lines_come_before_details_and_risk_before_the_rest() {
        let headings = ["h".to_owned(), "h".to_owned()];
        let entries = [entry(0, [10, 20, 90]), entry(0, [10, 20, 30]), entry(1, [10, 10, 10])];
        assert_eq!(fit(&headings, &entries, 1000), [Some(2); 3]);
        assert_eq!(fit(&headings, &entries, 62), [Some(1), Some(2), Some(2)]);
        assert_eq!(fit(&headings, &entries, 32), [Some(0), Some(0), Some(2)]);
        assert_eq!(fit(&headings, &entries, 31), [Some(1), Some(0), None]);
        assert_eq!(fit(&headings, &entries, 5), [None; 3]);
    }
}
