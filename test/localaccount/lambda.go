package localaccount

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Invoke invokes the Lambda function of that name with the event, waits, and returns its answer,
// whose blanks may differ from what the function wrote. An error that the function returned, its
// crash and its time-out are errors here, with Lambda's text.
func (a *Account) Invoke(ctx context.Context, name string, event any) (json.RawMessage, error) {
	body, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	answer, err := a.do(ctx, request{
		method: http.MethodPost, path: functionPath(name) + "/invocations", service: "lambda", body: body,
	})
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", name, err)
	}
	var failed struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(answer, &failed) == nil && failed.Type != "" {
		return nil, fmt.Errorf("invoke %s: %s: %s", name, failed.Type, failed.Message)
	}
	return answer, nil
}

// FunctionLogs returns what the Lambda function of that name has written to its log group, with the
// START, END and REPORT lines of Lambda, oldest first. A line is there when its invocation has
// ended; before the first, the group may be missing, which is an error.
func (a *Account) FunctionLogs(ctx context.Context, name string) ([]string, error) {
	answer, err := a.do(ctx, request{
		method: http.MethodGet, path: functionPath(name) + "/configuration", service: "lambda",
	})
	if err != nil {
		return nil, fmt.Errorf("get configuration of %s: %w", name, err)
	}
	var function struct {
		LoggingConfig struct{ LogGroup string }
	}
	if err := json.Unmarshal(answer, &function); err != nil {
		return nil, fmt.Errorf("decode configuration of %s: %w", name, err)
	}
	return a.LogLines(ctx, function.LoggingConfig.LogGroup)
}

// LogLines returns the lines of a log group, oldest first.
func (a *Account) LogLines(ctx context.Context, group string) ([]string, error) {
	var lines []string
	in := map[string]any{"logGroupName": group}
	for {
		var page struct {
			Events []struct {
				Message string `json:"message"`
			} `json:"events"`
			NextToken string `json:"nextToken"`
		}
		if err := a.Call(ctx, "logs", "Logs_20140328.FilterLogEvents", in, &page); err != nil {
			return nil, err
		}
		for _, event := range page.Events {
			lines = append(lines, strings.TrimRight(event.Message, "\n"))
		}
		if page.NextToken == "" {
			return lines, nil
		}
		in["nextToken"] = page.NextToken
	}
}

func functionPath(name string) string {
	return "/2015-03-31/functions/" + url.PathEscape(name)
}
