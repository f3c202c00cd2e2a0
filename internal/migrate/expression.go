package migrate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// expressionToken matches a string, a number or a word of an expression of metric math,
// so that what stands in a string is not taken for the id of a series.
var expressionToken = regexp.MustCompile(`"[^"]*"?|'[^']*'?|[0-9][0-9a-zA-Z_.]*|[a-zA-Z_][0-9a-zA-Z_]*`)

// longestExpression bounds what expressions that call each other become: one that
// doubles at every step would not end before the memory does.
const longestExpression = 1 << 14

// inline returns the expression of a query with the expressions that it calls in their
// places, as the policy file has a single one, and the metrics that it uses, in the
// order of the queries.
func inline(all []Query, returned Query) (string, []Query, error) {
	in := inliner{all: all, open: map[string]bool{}, used: map[string]bool{}}
	text := in.expression(returned)
	if in.err != nil {
		return "", nil, in.err
	}
	var used []Query
	for _, q := range all {
		if in.used[q.ID] {
			used = append(used, q)
		}
	}
	return text, used, nil
}

// inliner puts expressions into each other.
type inliner struct {
	all  []Query
	open map[string]bool // expressions that are being written
	used map[string]bool // metrics
	err  error
}

// expression writes the expression of a query.
func (in *inliner) expression(q Query) string {
	in.open[q.ID] = true
	defer delete(in.open, q.ID)
	size := 0
	return expressionToken.ReplaceAllStringFunc(q.Expression, func(token string) string {
		text := in.token(token)
		if size += len(text); size > longestExpression {
			in.fail(errors.New("its expressions make a very long one when they are put together"))
		}
		return text
	})
}

// token writes what a word of an expression stands for.
func (in *inliner) token(token string) string {
	i := slices.IndexFunc(in.all, func(q Query) bool { return q.ID == token })
	switch {
	case in.err != nil || i < 0:
		return token
	case in.all[i].Metric != nil:
		in.used[token] = true
		return token
	case in.open[token]:
		in.fail(fmt.Errorf("its expression %.40q calls itself", token))
		return token
	}
	return "(" + in.expression(in.all[i]) + ")"
}

// fail notes the first error.
func (in *inliner) fail(err error) {
	if in.err == nil {
		in.err = err
	}
}
