package localaccount

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Emit delivers an event, given as EventBridge's JSON, as AWS itself would: to the functions that
// the enabled rules of the default bus name for it. It returns the names of the rules that match.
// MiniStack's alarms and endpoints send no events, and PutEvents refuses the sources of AWS; so the
// patterns are matched by MiniStack, and the functions invoked, asynchronously, by us. It refuses a
// target that is no function or that changes its input.
func (a *Account) Emit(ctx context.Context, event json.RawMessage) ([]string, error) {
	var rules struct {
		Rules []struct{ Name, EventPattern, State string }
	}
	if err := a.Call(ctx, "events", "AWSEvents.ListRules", struct{}{}, &rules); err != nil {
		return nil, err
	}
	var matched []string
	for _, rule := range rules.Rules {
		if rule.EventPattern == "" || rule.State != "ENABLED" {
			continue
		}
		var test struct{ Result bool }
		in := map[string]string{"EventPattern": rule.EventPattern, "Event": string(event)}
		if err := a.Call(ctx, "events", "AWSEvents.TestEventPattern", in, &test); err != nil {
			return matched, err
		}
		if !test.Result {
			continue
		}
		if err := a.deliver(ctx, rule.Name, event); err != nil {
			return matched, fmt.Errorf("deliver to rule %s: %w", rule.Name, err)
		}
		matched = append(matched, rule.Name)
	}
	return matched, nil
}

// deliver invokes every target of a rule.
func (a *Account) deliver(ctx context.Context, rule string, event json.RawMessage) error {
	var targets struct {
		Targets []struct {
			Arn, Input, InputPath string
			InputTransformer      json.RawMessage
		}
	}
	in := map[string]string{"Rule": rule}
	if err := a.Call(ctx, "events", "AWSEvents.ListTargetsByRule", in, &targets); err != nil {
		return err
	}
	for _, target := range targets.Targets {
		name, ok := strings.CutPrefix(target.Arn, "arn:aws:lambda:"+Region+":"+AccountID+":function:")
		if !ok || target.Input != "" || target.InputPath != "" || target.InputTransformer != nil {
			return errors.New("not a function that takes the event as it is: " + target.Arn)
		}
		_, err := a.do(ctx, request{
			method: http.MethodPost, path: functionPath(name) + "/invocations", service: "lambda",
			header: http.Header{"X-Amz-Invocation-Type": {"Event"}}, body: event,
		})
		if err != nil {
			return fmt.Errorf("invoke %s: %w", name, err)
		}
	}
	return nil
}
