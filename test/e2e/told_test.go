//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sagescale/test/localaccount"
)

// subscribes has a queue listen to the topic of the stack, as a colleague's telephone would.
func (s *stage) subscribes(t *testing.T) {
	t.Helper()
	topic := s.output(t, "NotificationTopic")
	arn := "arn:aws:sqs:" + localaccount.Region + ":" + localaccount.AccountID + ":told"
	permission := `{"Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
		"Resource": "` + arn + `", "Condition": {"ArnEquals": {"aws:SourceArn": "` + topic + `"}}}]}`
	var queue struct{ QueueUrl string }
	in := map[string]any{"QueueName": "told", "Attributes": map[string]string{"Policy": permission}}
	if err := s.account.Call(t.Context(), "sqs", "AmazonSQS.CreateQueue", in, &queue); err != nil {
		t.Fatal(err)
	}
	s.told = queue.QueueUrl
	s.form(t, "sns", url.Values{
		"Action": {"Subscribe"}, "Version": {"2010-03-31"}, "Protocol": {"sqs"}, "TopicArn": {topic}, "Endpoint": {arn},
	})
}

// form calls an operation of a service that takes forms.
func (s *stage) form(t *testing.T, service string, values url.Values) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.account.Endpoint, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/"+localaccount.Region+"/"+service+
		"/aws4_request, SignedHeaders=host, Signature=none")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s, %v", values.Get("Action"), response.Status, text, err)
	}
}

// isTold waits for sentences that begin so, which the topic's subscriber gets as JSON texts.
func (s *stage) isTold(t *testing.T, beginnings ...string) {
	t.Helper()
	for _, beginning := range beginnings {
		within(t, 30*time.Second, func() (bool, string) {
			s.sentences = append(s.sentences, s.receives(t)...)
			for _, sentence := range s.sentences {
				if strings.HasPrefix(sentence, beginning) {
					s.seen = append(s.seen, "told: "+sentence)
					return true, ""
				}
			}
			return false, "told were " + strings.Join(s.sentences, "\n") + "\nand not " + beginning + "\n" + s.notTold(t)
		})
	}
}

// notTold is what the functions say of events that they could not send.
func (s *stage) notTold(t *testing.T) string {
	t.Helper()
	var out []string
	for _, function := range []string{"Schedule", "Alarm", "Settle"} {
		lines, err := s.account.FunctionLogs(t.Context(), s.output(t, function+"Function"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if strings.Contains(line, `"not told"`) {
				out = append(out, function+": "+line)
			}
		}
	}
	return strings.Join(out, "\n")
}

// receives returns what has come to the queue.
func (s *stage) receives(t *testing.T) []string {
	t.Helper()
	var batch struct {
		Messages []struct{ Body, ReceiptHandle string }
	}
	in := map[string]any{"QueueUrl": s.told, "MaxNumberOfMessages": 10}
	if err := s.account.Call(t.Context(), "sqs", "AmazonSQS.ReceiveMessage", in, &batch); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range batch.Messages {
		var notification struct{ Message string }
		var sentence string
		if err := json.Unmarshal([]byte(m.Body), &notification); err != nil {
			t.Fatalf("%v: %s", err, m.Body)
		}
		if err := json.Unmarshal([]byte(notification.Message), &sentence); err != nil {
			t.Errorf("%v: %s", err, notification.Message)
		}
		out = append(out, sentence)
		done := map[string]string{"QueueUrl": s.told, "ReceiptHandle": m.ReceiptHandle}
		if err := s.account.Call(t.Context(), "sqs", "AmazonSQS.DeleteMessage", done, nil); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
