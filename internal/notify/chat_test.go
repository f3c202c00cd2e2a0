package notify_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sagescale/internal/config"
	"sagescale/internal/scaling"
)

// The rule of the example takes every sample, and nothing of others.
func TestChatPattern(t *testing.T) {
	var pattern map[string][]string
	if err := json.Unmarshal(read(t, "chat-pattern.json"), &pattern); err != nil {
		t.Fatal(err)
	}
	events := map[string][]byte{}
	for _, name := range sampleFiles(t) {
		events[name] = read(t, name+".json")
	}
	events["another source"] = []byte(`{"source": "aws.s3", "detail-type": "` + config.DetailTypeHealth + `"}`)
	events["another kind"] = []byte(`{"source": "` + config.EventSource + `", "detail-type": "sagescale tick"}`)
	for name, raw := range events {
		if got, want := matches(t, pattern, raw), !strings.HasPrefix(name, "another"); got != want {
			t.Errorf("%s: matches %v, want %v", name, got, want)
		}
	}
}

// matches does what EventBridge does with a pattern of exact values of the envelope: each
// field of the event must have one of them.
func matches(t *testing.T, pattern map[string][]string, raw []byte) bool {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	for field, values := range pattern {
		if !slices.Contains(values, fmt.Sprint(event[field])) {
			return false
		}
	}
	return len(pattern) > 0
}

// What the template makes of an event is a custom notification, whatever stands in the
// event and whether EventBridge escapes it or not.
func TestChatTemplate(t *testing.T) {
	var targets []struct {
		InputTransformer struct {
			InputPathsMap map[string]string
			InputTemplate string
		}
	}
	if err := json.Unmarshal(read(t, "chat-targets.json"), &targets); err != nil || len(targets) != 1 {
		t.Fatalf("%v, %d targets", err, len(targets))
	}
	made := samples(t)
	nasty := begun()
	nasty.Decision.Steps = []scaling.Step{{Reason: "the metric \"a\\b\" is\nabove <!channel> 5 % {\"x\": 1}"}}
	made["nasty"] = only(t, newWorld(t).evaluate(nasty))
	for name, e := range made {
		raw, err := json.Marshal(wrap(e))
		if err != nil {
			t.Fatal(err)
		}
		transformer := targets[0].InputTransformer
		for _, escapes := range []bool{false, true} {
			text := transform(t, transformer.InputPathsMap, transformer.InputTemplate, raw, escapes)
			var got, want any
			notification := map[string]any{"version": "1.0", "source": "custom", "content": map[string]any{
				"textType": "client-markdown", "title": "sagescale: chat-llm/AllTraffic", "description": message(t, e),
			}}
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Errorf("%s: %v in %s", name, err, text)
			}
			if want = notification; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: got %v\nwant %v", name, got, want)
			}
		}
	}
}

// transform puts texts of an event into the places of a template, all of which stand in
// texts there. AWS does not say whether it escapes them.
func transform(t *testing.T, paths map[string]string, template string, raw []byte, escapes bool) string {
	t.Helper()
	return regexp.MustCompile(`<[a-z]+>`).ReplaceAllStringFunc(template, func(place string) string {
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(strings.TrimPrefix(paths[strings.Trim(place, "<>")], "$."), ".") {
			value = value.(map[string]any)[part]
		}
		text := value.(string)
		if !escapes {
			return text
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Trim(string(quoted), `"`)
	})
}
