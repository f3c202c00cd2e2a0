//go:build local

package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	sdkeventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"sagescale/internal/activity"
	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
	"sagescale/internal/eventbridge"
	"sagescale/internal/health"
	"sagescale/internal/notice"
	"sagescale/internal/scaling"
	"sagescale/test/localaccount"
)

// What is told arrives, and what is remembered of it behaves in a real table as in the
// tests of package notify.
func TestTelling(t *testing.T) {
	account, err := localaccount.Start(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	stopLater(t, account)
	t.Run("events", func(t *testing.T) { eventsArrive(t, account) })
	all := []implementation[healthSubject]{healthTable(t, "MiniStack", account.AWSConfig())}
	judge, err := localaccount.StartDynamoDB(t.Context(), ".")
	switch {
	case errors.Is(err, localaccount.ErrNotInstalled):
		t.Logf("the memories are judged by MiniStack alone: %v", err)
	case err != nil:
		t.Fatal(err)
	default:
		stopLater(t, judge)
		all = append(all, healthTable(t, "DynamoDB Local", judge.AWSConfig()))
	}
	var out report
	run(t, &out, "health", healthBehaviours(), all)
	t.Logf("\n%s", out.String())
}

// eventsArrive checks that events, more than one call takes, come to the target of the rule
// of the example for a chat, in its form.
func eventsArrive(t *testing.T, account *localaccount.Account) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	queue := makeRule(ctx, t, account)
	bus := eventbridge.New(sdkeventbridge.NewFromConfig(account.AWSConfig()))
	var events []notice.Event
	var want []string
	for i := range 11 {
		a := activity.Activity{ID: fmt.Sprint("a", i), Variant: "AllTraffic", From: 1, To: 2 + i, Status: activity.InProgress, StartTime: begin()}
		e := notice.OfActivity(notice.Target{Stack: "sagescale", Endpoint: "chat-llm", Variant: "AllTraffic"}, a)
		events = append(events, e)
		want = append(want, e.Detail.(notice.ActivityDetail).Message)
	}
	m := health.Memory{Told: health.Condition{Status: health.Stuck, Code: scaling.BackingOff, Reason: "\"a\\b\" <x>\n", Since: begin()}}
	e := notice.OfHealth(notice.Target{Stack: "sagescale", Endpoint: "chat-llm", Variant: "AllTraffic"}, m, nil, begin().Add(time.Hour))
	want = append(want, e.Detail.(notice.HealthDetail).Message)
	if err := bus.Put(ctx, append(events, e)); err != nil {
		t.Fatal(err)
	}
	got := receive(ctx, t, account, queue, len(want))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// makeRule makes the rule of the example, with a queue for a target, and returns the
// queue's URL.
func makeRule(ctx context.Context, t *testing.T, account *localaccount.Account) string {
	t.Helper()
	call := func(service, target string, in, out any) {
		if err := account.Call(ctx, service, target, in, out); err != nil {
			t.Fatal(err)
		}
	}
	pattern, errPattern := os.ReadFile("../../events/sent/chat-pattern.json")
	example, errExample := os.ReadFile("../../events/sent/chat-targets.json")
	var targets []map[string]any
	if err := errors.Join(errPattern, errExample, json.Unmarshal(example, &targets)); err != nil {
		t.Fatal(err)
	}
	targets[0]["Arn"] = "arn:aws:sqs:" + localaccount.Region + ":" + localaccount.AccountID + ":told"
	var queue struct{ QueueUrl string }
	call("sqs", "AmazonSQS.CreateQueue", map[string]string{"QueueName": "told"}, &queue)
	call("events", "AWSEvents.PutRule", map[string]string{"Name": "chat", "EventPattern": string(pattern)}, nil)
	call("events", "AWSEvents.PutTargets", map[string]any{"Rule": "chat", "Targets": targets}, nil)
	return queue.QueueUrl
}

// receive returns the descriptions of so many notifications that came to a queue.
func receive(ctx context.Context, t *testing.T, account *localaccount.Account, queue string, n int) []string {
	t.Helper()
	var all []string
	for len(all) < n {
		var batch struct {
			Messages []struct{ Body, ReceiptHandle string }
		}
		in := map[string]any{"QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
		if err := account.Call(ctx, "sqs", "AmazonSQS.ReceiveMessage", in, &batch); err != nil {
			t.Fatalf("%d of %d messages: %v", len(all), n, err)
		}
		for _, m := range batch.Messages {
			var body struct {
				Version, Source string
				Content         struct{ TextType, Title, Description string }
			}
			if err := json.Unmarshal([]byte(m.Body), &body); err != nil || body.Source != "custom" || body.Content.Title != config.EventSource+": chat-llm/AllTraffic" {
				t.Errorf("%v: %s", err, m.Body)
			}
			all = append(all, body.Content.Description)
			done := map[string]string{"QueueUrl": queue, "ReceiptHandle": m.ReceiptHandle}
			if err := account.Call(ctx, "sqs", "AmazonSQS.DeleteMessage", done, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// healthSubject is the port of package notify, and a store whose first answer is lost after
// the request was carried out; meanwhile runs then.
type healthSubject struct {
	*dynamodb.Store

	lossy func(meanwhile func()) *dynamodb.Store
}

func healthTable(t *testing.T, name string, cfg aws.Config) implementation[healthSubject] {
	const table = "health"
	client := sdkdynamodb.NewFromConfig(cfg)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := createTable(ctx, client, table); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return implementation[healthSubject]{name: name, subject: healthSubject{
		Store: dynamodb.New(client, table),
		lossy: func(meanwhile func()) *dynamodb.Store {
			return dynamodb.New(sdkdynamodb.NewFromConfig(cfg, losing(meanwhile)), table)
		},
	}}
}

// remembered is a memory of a version, by a teller.
func remembered(version int64, teller string) health.Memory {
	stuck := health.Condition{Status: health.Stuck, Code: scaling.BackingOff, Reason: "because", Since: begin()}
	return health.Memory{Version: version, Told: stuck, Owed: begin().Add(3 * time.Minute), Teller: teller}
}

func healthBehaviours() []behaviour[healthSubject] {
	return []behaviour[healthSubject]{
		{"nothing is remembered at first", func(ctx context.Context, t *testing.T, s healthSubject, endpoint string) {
			wantRemembered(ctx, t, s, endpoint, map[string]health.Memory{})
		}},
		{"what was saved is remembered, a version later, of each variant", func(ctx context.Context, t *testing.T, s healthSubject, endpoint string) {
			for version := range int64(2) {
				if _, err := s.SaveHealth(ctx, endpoint, "a", remembered(version, "x")); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.SaveHealth(ctx, endpoint, "b", remembered(0, "y")); err != nil {
				t.Fatal(err)
			}
			wantRemembered(ctx, t, s, endpoint, map[string]health.Memory{"a": remembered(2, "x"), "b": remembered(1, "y")})
			wantRemembered(ctx, t, s, endpoint+"-other", map[string]health.Memory{})
		}},
		{"the first of two wins", func(ctx context.Context, t *testing.T, s healthSubject, endpoint string) {
			for version := range int64(2) {
				_, first := s.SaveHealth(ctx, endpoint, "a", remembered(version, "x"))
				_, second := s.SaveHealth(ctx, endpoint, "a", remembered(version, "y"))
				if first != nil || !errors.Is(second, activity.ErrConflict) {
					t.Errorf("version %d: %v, %v", version, first, second)
				}
			}
			wantRemembered(ctx, t, s, endpoint, map[string]health.Memory{"a": remembered(2, "x")})
		}},
		{"a save whose answer was lost succeeds", func(ctx context.Context, t *testing.T, s healthSubject, endpoint string) {
			for version := range int64(2) {
				if _, err := s.lossy(func() {}).SaveHealth(ctx, endpoint, "a", remembered(version, "x")); err != nil {
					t.Errorf("version %d: %v", version, err)
				}
			}
			wantRemembered(ctx, t, s, endpoint, map[string]health.Memory{"a": remembered(2, "x")})
		}},
		{"the evaluator does not see it", func(ctx context.Context, t *testing.T, s healthSubject, endpoint string) {
			if _, err := s.SaveHealth(ctx, endpoint, "a", remembered(0, "x")); err != nil {
				t.Fatal(err)
			}
			state, overrides, err := s.Load(ctx, endpoint)
			if err != nil || len(overrides) > 0 {
				t.Errorf("%v, %v", overrides, err)
			}
			wantState(t, state, activity.State{Endpoint: endpoint})
			forecasts, err := s.Forecasts(ctx, endpoint)
			if err != nil || len(forecasts) > 0 {
				t.Errorf("%v, %v", forecasts, err)
			}
		}},
	}
}

func wantRemembered(ctx context.Context, t *testing.T, s healthSubject, endpoint string, want map[string]health.Memory) {
	t.Helper()
	got, err := s.Health(ctx, endpoint)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
