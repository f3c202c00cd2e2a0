package sts_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"

	"sagescale/internal/sts"
)

// client answers with an ARN, or fails.
type client struct {
	arn *string
	err error
}

func (c client) GetCallerIdentity(context.Context, *sdk.GetCallerIdentityInput, ...func(*sdk.Options)) (*sdk.GetCallerIdentityOutput, error) {
	return &sdk.GetCallerIdentityOutput{Arn: c.arn}, c.err
}

func TestName(t *testing.T) {
	for _, tt := range []struct {
		client      client
		want, fails string
	}{
		{client{arn: aws.String("arn:aws:iam::111122223333:user/team/anna")}, "user/team/anna", ""},
		{client{arn: aws.String("arn:aws:sts::111122223333:assumed-role/Admin/anna:b")}, "assumed-role/Admin/anna:b", ""},
		{client{arn: aws.String("arn:aws:iam::111122223333:root")}, "root", ""},
		{client{arn: aws.String("arn:aws:iam::111122223333:")}, "", "has no ARN"},
		{client{}, "", "has no ARN"},
		{client{err: errors.New("slow")}, "", "call GetCallerIdentity: slow"},
	} {
		got, err := sts.New(tt.client).Name(t.Context())
		if got != tt.want || (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
			t.Errorf("got %q, %v, want %q, %q", got, err, tt.want, tt.fails)
		}
	}
}

// The time is that of the answer, by AWS's clock.
func TestIdentity(t *testing.T) {
	const at = "Mon, 23 Nov 2026 10:00:17 GMT"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", at)
		_, _ = io.WriteString(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/anna</Arn>`+
			`<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	}))
	defer server.Close()
	got, err := sts.New(sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: aws.AnonymousCredentials{}})).Identity(t.Context())
	if want := (sts.Identity{Account: "111122223333", Name: "user/anna", Time: time.Date(2026, 11, 23, 10, 0, 17, 0, time.UTC)}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}
