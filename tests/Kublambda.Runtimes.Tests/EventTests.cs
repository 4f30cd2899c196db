using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Kublambda.Runtimes.Tests;

/// <summary>CloudEvents over HTTP: what holds for every runtime.</summary>
public abstract class EventTests(RuntimeUnderTest runtime) : IAsyncLifetime
{
    private static readonly (string, string)[] Binary = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/test"), ("ce-type", "made")];
    private FunctionProcess fn = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => fn = await FunctionProcess.StartAsync(runtime, runtime.EventHandler, ("FUNCTION_SIGNATURE_TYPE", "cloudevent"));

    public async ValueTask DisposeAsync()
    {
        await fn.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Binary_mode_attributes_are_decoded_once_and_json_data_is_parsed()
    {
        var (status, said) = await PostAsync("{\"a\":[1]}", "application/json", [.. Binary, ("ce-subject", "gr%C3%BC%C3%9Fe%2520"), ("ce-kind", "Pod")]);
        Assert.Equal(HttpStatusCode.OK, status);
        var attributes = said!["attributes"]!;
        Assert.Equal(
            ["1.0", "1", "/test", "made", "grüße%20", "Pod"],
            new[] { "specversion", "id", "source", "type", "subject", "kind" }.Select(name => (string?)attributes[name]));
        Assert.StartsWith("application/json", (string?)attributes["datacontenttype"], StringComparison.Ordinal);
        Assert.Equal("{\"a\":[1]}", said["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Binary_mode_data_of_another_type_is_bytes()
    {
        var (_, said) = await PostAsync("\0\u0001", "application/octet-stream", Binary);
        Assert.Equal("AAE=", (string?)said!["data"]!["base64"]);
    }

    [Theory]
    [InlineData("application/cloudevents+json")]
    [InlineData("application/cloudevents+json; charset=utf-8")]
    public async Task Structured_mode_gives_attributes_and_data(string type)
    {
        var (status, said) = await PostAsync("""{"specversion":"1.0","id":"2","source":"/s","type":"t","subject":"ü","data":{"b":[1,null]}}""", type, []);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(("2", "/s", "t", "ü"), ((string?)said!["attributes"]!["id"], (string?)said["attributes"]!["source"], (string?)said["attributes"]!["type"], (string?)said["attributes"]!["subject"]));
        Assert.Equal("{\"b\":[1,null]}", said["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Structured_mode_base64_data_is_bytes()
    {
        var (_, said) = await PostAsync("""{"specversion":"1.0","id":"2","source":"/s","type":"t","data_base64":"AP8="}""", "application/cloudevents+json", []);
        Assert.Equal("AP8=", (string?)said!["data"]!["base64"]);
    }

    [Theory]
    [InlineData("", "text/plain", "", "no CloudEvent")]
    [InlineData("[]", "application/cloudevents-batch+json", "", "one by one")]
    [InlineData("{", "application/cloudevents+json", "", "valid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s"}""", "application/cloudevents+json", "", "type")]
    [InlineData("", "text/plain", "specversion id source", "type")]
    [InlineData("{", "application/json", "specversion id source type", "JSON")]
    public async Task What_is_no_event_is_a_400_that_says_why(string body, string type, string headers, string why)
    {
        var (status, said) = await PostAsync(body, type, [.. headers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => ($"ce-{name}", "1.0"))]);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(why, (string?)said!["message"], StringComparison.Ordinal);
        Assert.Equal(1, await fn.MetricAsync("kublambda_function_errors_total{reason=\"" + (string?)said["error"] + "\"}"));
    }

    [Fact]
    public async Task An_event_that_is_answered_by_nothing_is_a_204_and_an_exception_a_500()
    {
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync("", "text/plain", [.. Binary[..3], ("ce-type", "silent")])).Status);
        Assert.Equal(HttpStatusCode.InternalServerError, (await PostAsync("", "text/plain", [.. Binary[..3], ("ce-type", "throw")])).Status);
    }

    private async Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(string body, string type, (string, string)[] headers)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
        using var answer = await fn.SendAsync(HttpMethod.Post, "/", content, headers);
        var text = await answer.Content.ReadAsStringAsync(Stop);
        return (answer.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
    }
}
