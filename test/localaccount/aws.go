package localaccount

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
)

// Any key will do; MiniStack takes one that is twelve digits for an account id.
const (
	accessKey = "test"
	secretKey = "test"
)

func credentials(context.Context) (aws.Credentials, error) {
	keys := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
	keys.Source = "localaccount"
	return keys, nil
}

// awsConfig sets the endpoint in the configuration itself: as a configuration source, as
// AWS_ENDPOINT_URL is one, it would give way to the environment, and the test reach the real
// account.
func awsConfig(endpoint string) aws.Config {
	return aws.Config{
		Region:       Region,
		Credentials:  aws.CredentialsProviderFunc(credentials),
		BaseEndpoint: aws.String(endpoint),
	}
}

// AWSConfig returns a configuration whose clients reach the account, SageMaker's client moto and
// all others MiniStack, whatever the environment of the test says.
func (a *Account) AWSConfig() aws.Config {
	cfg := awsConfig(a.Endpoint)
	cfg.ServiceOptions = []func(string, any){func(_ string, options any) {
		if o, ok := options.(*sagemaker.Options); ok {
			o.BaseEndpoint = aws.String(a.SageMakerEndpoint)
		}
	}}
	return cfg
}

// Call calls one operation of a service that speaks AWS JSON, for services whose SDK the module
// does not carry: service is the signing name ("events"), target the X-Amz-Target
// ("AWSEvents.PutEvents"). It encodes in as the request and decodes the answer into out, unless out
// is nil.
func (a *Account) Call(ctx context.Context, service, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode %s: %w", target, err)
	}
	version := "application/x-amz-json-1.1"
	if service == "sqs" || service == "dynamodb" {
		version = "application/x-amz-json-1.0"
	}
	answer, err := a.do(ctx, request{
		method: http.MethodPost, path: "/", service: service, body: body,
		header: http.Header{"X-Amz-Target": {target}, "Content-Type": {version}},
	})
	if err != nil {
		return fmt.Errorf("call %s: %w", target, err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("decode %s: %w", target, err)
	}
	return nil
}

// request is one request to MiniStack; service is its signing name.
type request struct {
	method  string
	path    string
	service string
	header  http.Header
	body    []byte
}

func (a *Account) do(ctx context.Context, r request) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, a.Endpoint+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.header)
	// MiniStack reads the key and the service from here, and verifies no signature of root's key.
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20260101/"+Region+"/"+
		r.service+"/aws4_request, SignedHeaders=host, Signature=none")
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, nil
}
