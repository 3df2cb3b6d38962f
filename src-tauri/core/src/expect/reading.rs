//! What an assertion names, asks for and goes through, found by walking its expression once.

use std::collections::BTreeSet;

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators as op};

/// What may be called in an assertion, beside the signs and `has`, `all`, `exists`, `exists_one`, `filter`.
pub(super) const FUNCTIONS: [&str; 7] = ["size", "contains", "startsWith", "endsWith", "double", "int", "string"];
/// Signs and functions whose result is no truth.
pub(super) const RESULTS_IN_NO_TRUTH: [&str; 10] =
    [op::ADD, op::SUBSTRACT, op::MULTIPLY, op::DIVIDE, op::MODULO, op::NEGATE, "size", "double", "int", "string"];
const SIGNS: [&str; 16] = [
    op::CONDITIONAL,
    op::LOGICAL_AND,
    op::LOGICAL_OR,
    op::LOGICAL_NOT,
    op::SUBSTRACT,
    op::ADD,
    op::MULTIPLY,
    op::DIVIDE,
    op::EQUALS,
    op::NOT_EQUALS,
    op::GREATER_EQUALS,
    op::LESS_EQUALS,
    op::GREATER,
    op::LESS,
    op::NEGATE,
    op::INDEX,
];
/// Of an expression: more would be a program.
const LOOPS_MAX: usize = 2;

#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Fields as they are named, in order of appearance: "processed", "metadata.rows".
    pub paths: Vec<String>,
    roots: Vec<String>,
    /// Those of which the expression asks whether they are there.
    asked: BTreeSet<String>,
    pub functions: BTreeSet<String>,
    pub looks_through: bool,
    /// What no assertion may have.
    pub refused: Option<String>,
    loops: usize,
    /// Names that the expression itself gives to what it goes through.
    own: Vec<String>,
}

impl Found {
    pub fn of(expression: &IdedExpr) -> Found {
        let mut found = Found::default();
        found.walk(&expression.expr, false);
        found
    }

    /// The names before the first dot, each once.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.roots.iter()
    }

    /// What has to be reported: whatever is named, unless the expression asks whether it is there.
    pub fn needed(&self) -> impl Iterator<Item = &String> {
        self.paths.iter().filter(|path| !self.asked.contains(*path))
    }

    fn refuse(&mut self, words: &str) {
        self.refused.get_or_insert_with(|| words.to_owned());
    }

    fn walk(&mut self, expr: &Expr, in_loop: bool) {
        if let Some(path) = self.path_of(expr) {
            return self.names_path(path);
        }
        match expr {
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                if name == op::MODULO {
                    self.refuse("there is no `%`: every number is a fraction");
                }
                if !SIGNS.contains(&name) && !matches!(name, op::IN | op::NOT_STRICTLY_FALSE) {
                    self.functions.insert(name.to_owned());
                }
                if matches!(name, op::EQUALS | op::NOT_EQUALS) {
                    self.asks_for_null(&call.args);
                }
                call.target.iter().for_each(|target| self.walk(&target.expr, in_loop));
                call.args.iter().for_each(|argument| self.walk(&argument.expr, in_loop));
            }
            Expr::Comprehension(all) => self.walk_loop(all, in_loop),
            Expr::List(list) => list.elements.iter().for_each(|element| self.walk(&element.expr, in_loop)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    match &entry.expr {
                        EntryExpr::MapEntry(entry) => {
                            self.walk(&entry.key.expr, in_loop);
                            self.walk(&entry.value.expr, in_loop);
                        }
                        EntryExpr::StructField(field) => self.walk(&field.value.expr, in_loop),
                    }
                }
            }
            Expr::Select(select) => {
                if select.test
                    && let Some(path) = self.path_of(&select.operand.expr)
                {
                    let path = format!("{path}.{}", select.field);
                    self.asked.insert(path.clone());
                    return self.names_path(path);
                }
                self.walk(&select.operand.expr, in_loop);
            }
            Expr::Struct(_) => self.refuse("it makes an object of a type, and there are none"),
            Expr::Literal(LiteralValue::Bytes(_)) => self.refuse("it holds bytes, and nothing reported is bytes"),
            Expr::Literal(LiteralValue::UInt(_)) => {
                self.refuse("it holds a number with a `u` behind it; write it without")
            }
            Expr::Ident(_) | Expr::Literal(_) => {}
            Expr::Unspecified => self.refuse("it cannot be read"),
        }
    }

    fn walk_loop(&mut self, all: &ComprehensionExpr, in_loop: bool) {
        self.looks_through = true;
        self.loops += 1;
        if in_loop {
            self.refuse("it looks through a list inside of another; write it without");
        }
        if self.loops > LOOPS_MAX {
            self.refuse("it looks through more than two lists; make two assertions of it");
        }
        if makes_a_list(all) {
            self.refuse("there is no `map`; there are `all`, `exists`, `exists_one` and `filter`");
        }
        self.walk(&all.iter_range.expr, in_loop);
        let known = self.own.len();
        self.own.extend([all.iter_var.clone(), all.accu_var.clone()]);
        self.own.extend(all.iter_var2.clone());
        for part in [&all.accu_init, &all.loop_cond, &all.loop_step, &all.result] {
            self.walk(&part.expr, true);
        }
        self.own.truncate(known);
    }

    /// `x == null`
    fn asks_for_null(&mut self, sides: &[IdedExpr]) {
        let is_null = |side: &IdedExpr| matches!(side.expr, Expr::Literal(LiteralValue::Null));
        if sides.iter().any(is_null) {
            let paths: Vec<String> = sides.iter().filter_map(|side| self.path_of(&side.expr)).collect();
            self.asked.extend(paths);
        }
    }

    /// "metadata.rows", if it is a field by its name.
    fn path_of(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Ident(name) if self.own.contains(name) => None,
            Expr::Ident(name) => Some(name.clone()),
            Expr::Select(select) if !select.test => {
                Some(format!("{}.{}", self.path_of(&select.operand.expr)?, select.field))
            }
            _ => None,
        }
    }

    fn names_path(&mut self, path: String) {
        let root = path.split('.').next().unwrap_or_default().to_owned();
        if !self.roots.contains(&root) {
            self.roots.push(root);
        }
        if !self.paths.contains(&path) {
            self.paths.push(path);
        }
    }
}

/// `map` makes a new list of what it goes through; `filter` keeps some of it.
fn makes_a_list(all: &ComprehensionExpr) -> bool {
    fn adds_its_own(expr: &Expr, variable: &str) -> bool {
        match expr {
            Expr::Call(call) => call.args.iter().any(|argument| adds_its_own(&argument.expr, variable)),
            Expr::List(list) => {
                list.elements.iter().any(|element| !matches!(&element.expr, Expr::Ident(name) if name == variable))
            }
            _ => false,
        }
    }
    let call_of_add = |expr: &Expr| adds_its_own(expr, &all.iter_var);
    matches!(all.accu_init.expr, Expr::List(_)) && call_of_add(&all.loop_step.expr)
}
