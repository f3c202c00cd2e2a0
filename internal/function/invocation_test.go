package function_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"sagescale/internal/function"
)

// What a function logs of an invocation can be read again; other lines are not of one.
func TestParseInvocation(t *testing.T) {
	for _, tt := range []struct {
		input string
		err   error
		want  function.Invocation
	}{
		{"{}", nil, function.Invocation{Evaluations: 1}},
		{"{}", errors.New("SageMaker is slow"), function.Invocation{Evaluations: 1, Error: "SageMaker is slow"}},
		{`{"detail-type": "sagescale forecast"}`, nil, function.Invocation{}},
	} {
		f, _, log := harness(tt.err)
		if err := f.Schedule(t.Context(), json.RawMessage(tt.input)); err != nil {
			t.Fatal(err)
		}
		var found []function.Invocation
		for line := range strings.Lines(log.String()) {
			if i, ok := function.ParseInvocation(line); ok {
				found = append(found, i)
			}
		}
		if len(found) != 1 || found[0] != tt.want {
			t.Errorf("%s: found %+v in %s", tt.input, found, log)
		}
	}
	for _, line := range []string{"", "START RequestId: x", `{"msg":"evaluation","Evaluations":1}`, `{"msg":"invocation"}`, `{"msg":"invocation","Evaluations":"1"}`} {
		if i, ok := function.ParseInvocation(line); ok {
			t.Errorf("%s is read as %+v", line, i)
		}
	}
}
