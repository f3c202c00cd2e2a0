package main

import (
	"go/ast"
	"go/token"
	"strconv"
)

// edit replaces the text between two offsets.
type edit struct {
	from, to int
	text     string
}

// mutations returns the changes of one node, its children left out. They need
// not compile: nothing is known of types here.
func (s source) mutations(n ast.Node) []edit {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		edits := s.operators(n.OpPos, n.Op)
		if n.Op == token.LAND || n.Op == token.LOR {
			edits = append(edits, s.negations(n.X, n.Y)...)
		}
		return edits
	case *ast.UnaryExpr:
		if n.Op == token.NOT || n.Op == token.SUB {
			return []edit{s.replace(n.OpPos, n.X.Pos(), "")}
		}
	case *ast.BasicLit:
		return s.literal(n)
	case *ast.Ident:
		return s.identifier(n)
	case *ast.CallExpr:
		return s.call(n)
	case *ast.CompositeLit:
		return s.elements(n)
	case *ast.IfStmt:
		return s.negations(n.Cond)
	case *ast.ForStmt:
		return s.negations(n.Cond)
	case *ast.CaseClause:
		return s.negations(n.List...)
	case ast.Stmt:
		return s.statement(n)
	}
	return nil
}

// statement returns the changes of a statement that does one thing: above all,
// it can be left out.
func (s source) statement(n ast.Stmt) []edit {
	removed := []edit{s.replace(n.Pos(), n.End(), "")}
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return append(removed, s.operators(n.TokPos, n.Tok)...)
		}
	case *ast.IncDecStmt:
		return append(removed, s.operators(n.TokPos, n.Tok)...)
	case *ast.ReturnStmt:
		return append(removed, s.negations(n.Results...)...)
	case *ast.ExprStmt, *ast.BranchStmt:
		return removed
	}
	return nil
}

func (s source) replace(from, to token.Pos, text string) edit {
	return edit{s.offset(from), s.offset(to), text}
}

// operators puts others in the place of an operator.
func (s source) operators(pos token.Pos, op token.Token) []edit {
	var edits []edit
	for _, other := range others(op) {
		edits = append(edits, s.replace(pos, pos+token.Pos(len(op.String())), other.String()))
	}
	return edits
}

// others returns what an operator is mistaken for: a comparison for the one that
// differs at the boundary and for its contrary, any other for its counterpart.
func others(op token.Token) []token.Token {
	return map[token.Token][]token.Token{
		token.LSS: {token.LEQ, token.GEQ}, token.GEQ: {token.GTR, token.LSS},
		token.GTR: {token.GEQ, token.LEQ}, token.LEQ: {token.LSS, token.GTR},
		token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
		token.LAND: {token.LOR}, token.LOR: {token.LAND},
		token.ADD: {token.SUB}, token.SUB: {token.ADD},
		token.MUL: {token.QUO}, token.QUO: {token.MUL}, token.REM: {token.MUL},
		token.AND: {token.OR}, token.OR: {token.AND}, token.XOR: {token.AND}, token.AND_NOT: {token.AND},
		token.SHL: {token.SHR}, token.SHR: {token.SHL},
		token.INC: {token.DEC}, token.DEC: {token.INC},
		token.ADD_ASSIGN: {token.SUB_ASSIGN}, token.SUB_ASSIGN: {token.ADD_ASSIGN},
		token.MUL_ASSIGN: {token.QUO_ASSIGN}, token.QUO_ASSIGN: {token.MUL_ASSIGN},
		token.OR_ASSIGN: {token.AND_ASSIGN}, token.AND_ASSIGN: {token.OR_ASSIGN},
	}[op]
}

// negations turns around the expressions that have no operator to change.
func (s source) negations(all ...ast.Expr) []edit {
	var edits []edit
	for _, e := range all {
		switch e := e.(type) {
		case *ast.Ident:
			if e.Name != "true" && e.Name != "false" {
				edits = append(edits, s.replace(e.Pos(), e.Pos(), "!"))
			}
		case *ast.CallExpr, *ast.SelectorExpr, *ast.IndexExpr:
			edits = append(edits, s.replace(e.Pos(), e.Pos(), "!"))
		}
	}
	return edits
}

// literal makes a number one larger.
func (s source) literal(n *ast.BasicLit) []edit {
	if n.Kind == token.FLOAT {
		return []edit{s.replace(n.Pos(), n.End(), "("+n.Value+" + 1)")}
	}
	value, err := strconv.ParseInt(n.Value, 0, 64)
	if n.Kind != token.INT || err != nil {
		return nil
	}
	return []edit{s.replace(n.Pos(), n.End(), strconv.FormatInt(value+1, 10))}
}

func (s source) identifier(n *ast.Ident) []edit {
	other, ok := map[string]string{"true": "false", "false": "true"}[n.Name]
	if !ok {
		return nil
	}
	return []edit{s.replace(n.Pos(), n.End(), other)}
}

// call takes the smaller for the larger, and moves the boundary of a comparison
// of times: "before" becomes "not after".
func (s source) call(n *ast.CallExpr) []edit {
	switch f := n.Fun.(type) {
	case *ast.Ident:
		if other, ok := map[string]string{"min": "max", "max": "min"}[f.Name]; ok {
			return []edit{s.replace(f.Pos(), f.End(), other)}
		}
	case *ast.SelectorExpr:
		if other, ok := map[string]string{"Before": "After", "After": "Before"}[f.Sel.Name]; ok && len(n.Args) == 1 {
			return []edit{s.replace(n.Pos(), n.End(), "!"+s.of(f.X)+"."+other+"("+s.of(n.Args[0])+")")}
		}
	}
	return nil
}

// elements leaves out one element of a composite literal at a time.
func (s source) elements(n *ast.CompositeLit) []edit {
	var edits []edit
	for i, e := range n.Elts {
		switch {
		case i+1 < len(n.Elts):
			edits = append(edits, s.replace(e.Pos(), n.Elts[i+1].Pos(), ""))
		case i > 0:
			edits = append(edits, s.replace(n.Elts[i-1].End(), e.End(), ""))
		default:
			edits = append(edits, s.replace(n.Lbrace+1, n.Rbrace, ""))
		}
	}
	return edits
}
