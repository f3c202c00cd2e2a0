package function

import "encoding/json"

// Invocation is what a function has logged of one invocation: how many evaluations it
// was, 0 or 1, and what went wrong, empty for nothing.
type Invocation struct {
	Evaluations float64
	Error       string
}

// messageInvocation is the message of the line of an invocation.
const messageInvocation = "invocation"

// InvocationPattern matches the lines of invocations, in CloudWatch Logs' language.
const InvocationPattern = `{ $.msg = "` + messageInvocation + `" }`

// ParseInvocation reads a line of a function's log. It is false for one that says
// something else.
func ParseInvocation(line string) (Invocation, bool) {
	var out struct {
		Msg         string   `json:"msg"`
		Error       string   `json:"error"`
		Evaluations *float64 `json:"Evaluations"` // config.MetricEvaluations
	}
	if json.Unmarshal([]byte(line), &out) != nil || out.Msg != messageInvocation || out.Evaluations == nil {
		return Invocation{}, false
	}
	return Invocation{*out.Evaluations, out.Error}, true
}
