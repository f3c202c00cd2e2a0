package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/config"
	"sagescale/internal/wire"
)

// hostile is a megabyte that tries to be more than text.
func hostile() string {
	text := "\x1b]0;t\a\x1b[31m\x9b\u009b\u202e\u2066\x00\r\n{\"msg\":\"evaluation\"}\u2028\"><script>x</script>=1+1\x7f"
	return text + strings.Repeat("x", 1<<20)
}

// account answers as the services do, with a hostile text wherever they have one for
// people, and as the message of the error of one operation.
type account struct {
	t      *testing.T
	broken string // the operation
	mu     sync.Mutex
	puts   []string
	asked  map[string]bool
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if operation == "" {
		operation = r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked[operation] = true
	if operation == "PutItem" {
		a.puts = append(a.puts, string(body))
	}
	if operation == a.broken {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(a.failure(operation))
		return
	}
	_, _ = w.Write(a.answer(operation))
}

func (a *account) failure(operation string) []byte {
	if operation == "GetMetricData" {
		return cbor.Encode(cbor.Map{"__type": cbor.String("InvalidParameterValue"), "message": cbor.String(hostile())})
	}
	return a.json(map[string]any{"__type": "ValidationException", "message": hostile()})
}

func (a *account) answer(operation string) []byte {
	switch operation {
	case "GetMetricData":
		message := cbor.Map{"Code": cbor.String("Slow"), "Value": cbor.String(hostile())}
		return cbor.Encode(cbor.Map{"Messages": cbor.List{message}, "MetricDataResults": cbor.List{}})
	case "DescribeEndpoint":
		return a.json(map[string]any{
			"EndpointName": "chat-llm", "EndpointStatus": "InService", "CreationTime": 1.7e9, "FailureReason": hostile(),
			"ProductionVariants": []any{map[string]any{
				"VariantName": "AllTraffic", "CurrentInstanceCount": 1, "DesiredInstanceCount": 1,
				"VariantStatus": []any{map[string]any{"Status": "Updating", "StatusMessage": hostile()}},
			}},
		})
	case "PutEvents":
		return a.json(map[string]any{"FailedEntryCount": 1, "Entries": []any{map[string]any{"ErrorCode": hostile(), "ErrorMessage": hostile()}}})
	case "Query":
		return a.json(map[string]any{"Items": []any{}, "Count": 0})
	}
	return a.json(map[string]any{})
}

func (a *account) json(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		a.t.Error(err)
	}
	return text
}

// invoke runs all three functions on the account, and returns what they log.
func (a *account) invoke(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), config.PolicyFile)
	text := "version: 1\ntargets:\n- {endpoint: chat-llm, variant: AllTraffic, minCapacity: 2, maxCapacity: 3, " +
		"targetTracking: [{metric: InvocationsPerInstance, targetValue: 1}]}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		config.EnvPolicyFile: path, config.EnvTable: "t", config.EnvAccount: "111122223333", config.EnvAlarmPrefix: "sagescale",
		config.EnvRegion: "eu-west-1", config.EnvFunction: "f",
	}
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	var log bytes.Buffer
	f, err := wire.Function(t.Context(), func(name string) (string, bool) { return env[name], true }, &log, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for file, handler := range map[string]func(context.Context, json.RawMessage) error{
		"tick": f.Schedule, "alarm-eventbridge-alarm": f.Alarm, "endpoint-failed": f.Settle,
	} {
		raw, err := os.ReadFile("../../events/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		// Lambda shows an error to people too.
		if err := handler(t.Context(), bytes.ReplaceAll(raw, []byte("load-high"), []byte(`\u001b\u202e`+strings.Repeat("x", 10_000)))); err != nil {
			checkLine(t, err.Error()+"\n")
		}
	}
	return log.String()
}

// checkLine holds a line to a size. One of an invocation joins what is said of several.
func checkLine(t *testing.T, line string) {
	t.Helper()
	if len(line) > 16<<10 {
		t.Errorf("%d bytes: %.300s", len(line), line)
	}
}

// Whatever AWS says, every line of a log is one JSON object of plain characters and
// of a bounded size, and so is what is stored.
//
// Faults: H5
func TestHostileAnswers(t *testing.T) {
	for _, broken := range []string{
		"none", "Query", "PutItem", "DescribeEndpoint", "UpdateEndpointWeightsAndCapacities", "GetMetricData", "DescribeScalableTargets", "PutEvents",
	} {
		t.Run(broken, func(t *testing.T) {
			a := &account{t: t, broken: broken, asked: map[string]bool{}}
			log := a.invoke(t)
			if broken != "none" && !a.asked[broken] {
				t.Errorf("asked %v, not %s", a.asked, broken)
			}
			if broken != "none" && !strings.Contains(log, "... (cut)") {
				t.Errorf("the error is not in the log: %.1000s", log)
			}
			for line := range strings.Lines(log) {
				checkLine(t, line)
				var members map[string]any
				if err := json.Unmarshal([]byte(line), &members); err != nil || members["msg"] == nil {
					t.Errorf("%v in %.300q", err, line)
				}
				if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
					t.Errorf("not plain: %.300q", line)
				}
			}
			for _, item := range a.puts {
				checkLine(t, item)
			}
		})
	}
}
