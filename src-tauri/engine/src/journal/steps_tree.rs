//! All steps of a run in the order of their tree. Costs as much as there are steps, however they branch.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::steps_read::{COLUMNS, StepRow, id_of, step};

/// From the top down, each before those that stand under it, and neighbours by when they began; at most so many, and how many
/// more there are.
pub(super) fn of_run(connection: &Connection, owner: &str, most: u32) -> rusqlite::Result<(Vec<StepRow>, u32)> {
    let Some(spend) = id_of(connection, owner)? else { return Ok((Vec::new(), 0)) };
    // `steps_under` has all of it, in this order.
    let sql = "SELECT under, ordinal FROM steps WHERE spend = ?1 ORDER BY under, began_ms, ordinal";
    let mut under: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut all = 0_u32;
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([spend])?;
    while let Some(row) = rows.next()? {
        under.entry(row.get(0)?).or_default().push(row.get(1)?);
        all += 1;
    }
    let order = in_order(under, most as usize);
    let sql = format!(
        "SELECT {COLUMNS} FROM json_each(?2) asked CROSS JOIN steps s ON s.spend = ?1 AND s.ordinal = asked.value
         ORDER BY asked.key"
    );
    let asked = serde_json::json!(order).to_string();
    let found: Vec<StepRow> =
        connection.prepare_cached(&sql)?.query_map(params![spend, asked], step)?.collect::<rusqlite::Result<_>>()?;
    let left_out = all.saturating_sub(found.len() as u32);
    Ok((found, left_out))
}

/// `under`: those right under each, 0 being the top.
fn in_order(mut under: HashMap<u32, Vec<u32>>, most: usize) -> Vec<u32> {
    let mut order = Vec::new();
    let mut waiting = under.remove(&0).unwrap_or_default();
    waiting.reverse();
    while order.len() < most
        && let Some(ordinal) = waiting.pop()
    {
        order.push(ordinal);
        waiting.extend(under.remove(&ordinal).unwrap_or_default().into_iter().rev());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    fn store(steps: &[(u32, u32, i64)]) -> (tempfile::TempDir, Journal, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let connection = Connection::open(folder.path().join("cuetower.db")).unwrap();
        let owner =
            "INSERT INTO spend (id, owner, agent, account, not_priced, sums) VALUES (1, 'run', '', '', 0, '{}')";
        connection.execute_batch(&format!("BEGIN; {owner};")).unwrap();
        let sql = "INSERT INTO steps (spend, ordinal, under, place, key, name, kind, state, source, attempt, tries, began_ms, priced, digest)
            VALUES (1, ?1, ?2, 1, ?1, 'step ' || ?1, 'tool', 'completed', 'step', 1, 1, ?3, 'nothing', 0)";
        for step in steps {
            connection.prepare_cached(sql).unwrap().execute(params![step.0, step.1, step.2]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        (folder, journal, connection)
    }

    #[test]
    fn each_stands_before_those_under_it_and_the_rest_is_counted() {
        let steps = [(1, 0, 50), (2, 0, 10), (3, 1, 70), (4, 1, 60), (5, 4, 61), (6, 2, 20), (7, 99, 1)];
        let (_folder, _journal, connection) = store(&steps);
        let told = |most| {
            let (rows, left_out) = of_run(&connection, "run", most).unwrap();
            (rows.iter().map(|row| row.step.ordinal).collect::<Vec<_>>(), left_out)
        };
        assert_eq!(told(100), (vec![2, 6, 1, 4, 5, 3], 1), "7 stands under one that is not there");
        assert_eq!(told(3), (vec![2, 6, 1], 4));
        let (rows, _) = of_run(&connection, "run", 9).unwrap();
        assert_eq!(rows.iter().map(|row| row.children).collect::<Vec<_>>(), [1, 0, 2, 1, 0, 0]);
        assert_eq!(of_run(&connection, "another", 9).unwrap(), (Vec::new(), 0));
    }

    #[test]
    fn many_branches_are_one_reading_and_not_one_each() {
        // Two thousand branches with a step in each, and a thousand one under the other.
        let branches = (1..=2_000).flat_map(|at| [(at, 0, i64::from(at)), (at + 10_000, at, i64::from(at))]);
        let deep = (1..=1_000).map(|at| (20_000 + at, if at == 1 { 0 } else { 20_000 + at - 1 }, 1 << 20));
        let steps: Vec<_> = branches.chain(deep).collect();
        let (_folder, _journal, connection) = store(&steps);
        let (rows, left_out) = of_run(&connection, "run", 5_000).unwrap();
        assert_eq!((rows.len(), left_out), (5_000, 0));
        let plan = |sql: &str| -> Vec<String> {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            plan.query_map([1], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let plan = plan("SELECT under, ordinal FROM steps WHERE spend = ?1 ORDER BY under, began_ms, ordinal");
        assert_eq!(plan.len(), 1, "{plan:?}");
        assert!(plan[0].contains("COVERING INDEX steps_under"), "in the order of the index: {plan:?}");
    }
}
