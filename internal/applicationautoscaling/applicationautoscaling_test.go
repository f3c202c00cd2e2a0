package applicationautoscaling_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const (
	resource = "endpoint/chat-llm/variant/AllTraffic"
	conflict = "Application Auto Scaling scales the variant too (registered with limits 1 to 4): " +
		"hand it over by sagescale hand-over, or take the target out of the policy"
)

// request is the request for the variant; token is empty for the first page.
func request(token string) object {
	out := object{
		"ServiceNamespace":  "sagemaker",
		"ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
		"ResourceIds":       []any{resource},
	}
	if token != "" {
		out["NextToken"] = token
	}
	return out
}

// Faults: E20
func TestConflict(t *testing.T) {
	other := func(id any) object { return target(object{"ResourceId": id}) }
	tests := map[string]struct {
		pages  []answer
		want   string
		tokens []string // of the requests
	}{
		"none":               {[]answer{page("")}, "", []string{""}},
		"no list":            {[]answer{{http.StatusOK, object{}}}, "", []string{""}},
		"null":               {[]answer{{http.StatusOK, object{"ScalableTargets": nil, "NextToken": nil}}}, "", []string{""}},
		"empty token":        {[]answer{{http.StatusOK, object{"ScalableTargets": []any{}, "NextToken": ""}}}, "", []string{""}},
		"registered":         {[]answer{page("", target(nil))}, conflict, []string{""}},
		"in another case":    {[]answer{page("", other("endpoint/Chat-LLM/variant/alltraffic"))}, conflict, []string{""}},
		"another endpoint":   {[]answer{page("", other("endpoint/chat-llm-2/variant/AllTraffic"))}, "", []string{""}},
		"another variant":    {[]answer{page("", other("endpoint/chat-llm/variant/Canary"))}, "", []string{""}},
		"a longer resource":  {[]answer{page("", other(resource+"/more"))}, "", []string{""}},
		"no resource":        {[]answer{page("", other(nil))}, "", []string{""}},
		"another, then ours": {[]answer{page("", other("endpoint/other/variant/AllTraffic"), target(nil))}, conflict, []string{""}},
		"pages": {
			[]answer{page("a"), page("b", other("endpoint/other/variant/AllTraffic")), page("", target(nil))},
			conflict, []string{"", "a", "b"},
		},
		"pages of none":             {[]answer{page("a"), page("b"), page("")}, "", []string{"", "a", "b"}},
		"found before the last":     {[]answer{page("a", target(nil)), page("")}, conflict, []string{""}},
		"suspended, then the other": {[]answer{page("a", target(object{"SuspendedState": suspension(true, true, true)})), page("", target(nil))}, conflict, []string{"", "a"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.pages...)
			got, err := s.scalers().Conflict(bounded(t), "chat-llm", "AllTraffic")
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
			var want []object
			for _, token := range test.tokens {
				want = append(want, request(token))
			}
			if seen := s.seen(); !reflect.DeepEqual(seen, want) {
				t.Errorf("requests:\ngot  %v\nwant %v", seen, want)
			}
		})
	}
}

// Only a target that is suspended in every way scales nothing.
//
// Faults: E20
func TestSuspended(t *testing.T) {
	states := map[string]struct {
		state any
		want  string
	}{
		"unknown":   {nil, conflict},
		"empty":     {object{}, conflict},
		"not said":  {object{"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": true}, conflict},
		"null":      {object{"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": true, "ScheduledScalingSuspended": nil}, conflict},
		"and a new": {object{"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": true, "ScheduledScalingSuspended": true, "Other": false}, ""},
	}
	for bits := range 8 {
		want := conflict
		if bits == 7 {
			want = ""
		}
		states[fmt.Sprintf("bits %03b", bits)] = struct {
			state any
			want  string
		}{suspension(bits&1 != 0, bits&2 != 0, bits&4 != 0), want}
	}
	for name, test := range states {
		s := serve(t, page("", target(object{"SuspendedState": test.state})))
		got, err := s.scalers().Conflict(bounded(t), "chat-llm", "AllTraffic")
		if err != nil || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, test.want)
		}
	}
}

func TestLimits(t *testing.T) {
	s := serve(t, page("", target(object{"MinCapacity": 0, "MaxCapacity": 2147483647})))
	got, err := s.scalers().Conflict(bounded(t), "chat-llm", "AllTraffic")
	if err != nil || !strings.Contains(got, "(registered with limits 0 to 2147483647)") {
		t.Errorf("got %q, %v", got, err)
	}
}

// No text of the answer is in the words, also when it is long or would break a
// line of the log.
//
// Faults: H5
func TestNoTextOfTheServiceInTheWords(t *testing.T) {
	for _, text := range []string{"evil\n\x1b[31m\u202e\"}{\x00", strings.Repeat("evil", 10_000), "%d%s%!(evil)", "<script>evil"} {
		hostile := target(object{
			"ServiceNamespace": text, "ScalableDimension": text, "RoleARN": text, "ScalableTargetARN": text, text: text,
			"ResourceId": strings.ToUpper(resource),
		})
		stranger := target(object{"ResourceId": text})
		s := serve(t, page(text, stranger), page(text, hostile))
		got, err := s.scalers().Conflict(bounded(t), "chat-llm", "AllTraffic")
		if err != nil || got != conflict {
			t.Errorf("got %.200q, %v, want %q", got, err, conflict)
		}
	}
}

func TestEndlessPages(t *testing.T) {
	s := serve(t, page("again"))
	got, err := s.scalers().Conflict(bounded(t), "chat-llm", "AllTraffic")
	if got != "" || err == nil || err.Error() != "call DescribeScalableTargets: the answer has too many pages" {
		t.Errorf("got %q, %v, want an error", got, err)
	}
	if n := len(s.seen()); n != 10 {
		t.Errorf("%d calls, want 10", n)
	}
}

// An error is no answer, also on a later page: it is not taken for no conflict.
func TestFaults(t *testing.T) {
	faults := map[string]struct {
		answer answer
		calls  int
	}{
		"AccessDeniedException":      {fault(400, "AccessDeniedException"), 1},
		"ValidationException":        {fault(400, "ValidationException"), 1},
		"InvalidNextTokenException":  {fault(400, "InvalidNextTokenException"), 1},
		"ThrottlingException":        {fault(400, "ThrottlingException"), 3},
		"InternalServiceException":   {fault(500, "InternalServiceException"), 3},
		"EOF":                        {answer{}, 3},
		"deserialization failed":     {page("", target(object{"MaxCapacity": "four"})), 1},
		"failed to decode response ": {answer{http.StatusOK, []any{}}, 1},
	}
	for kind, f := range faults {
		for _, before := range [][]answer{nil, {page("a")}} {
			t.Run(fmt.Sprintf("%s/after %d", kind, len(before)), func(t *testing.T) {
				s := serve(t, append(before, f.answer)...)
				got, err := s.scalers().Conflict(bounded(t), "chat-llm", "AllTraffic")
				if got != "" || err == nil || !strings.HasPrefix(err.Error(), "call DescribeScalableTargets: ") || !strings.Contains(err.Error(), kind) {
					t.Errorf("got %q, %v", got, err)
				}
				if n := len(s.seen()) - len(before); n != f.calls {
					t.Errorf("%d calls, want %d", n, f.calls)
				}
			})
		}
	}
}

func TestThrottledOnce(t *testing.T) {
	s := serve(t, fault(400, "ThrottlingException"), page("", target(nil)))
	got, err := s.scalers().Conflict(bounded(t), "chat-llm", "AllTraffic")
	if err != nil || got != conflict {
		t.Errorf("got %q, %v, want %q", got, err, conflict)
	}
	if seen := s.seen(); !reflect.DeepEqual(seen, []object{request(""), request("")}) {
		t.Errorf("requests %v", seen)
	}
}

func TestContextEnds(t *testing.T) {
	s := serve(t, page(""))
	ctx, cancel := context.WithCancel(bounded(t))
	cancel()
	if got, err := s.scalers().Conflict(ctx, "chat-llm", "AllTraffic"); got != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, %v, want the context's error", got, err)
	}
}
