using System.Text.Json.Nodes;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Lambdas that the API server takes and the controller refuses, and statuses that somebody spoiled.</summary>
public sealed class RefusalTests(TestNamespace<RefusalTests> space) : IClassFixture<TestNamespace<RefusalTests>>
{
    [Fact]
    public async Task Every_mistake_is_named_by_its_field_and_nothing_is_made_of_it()
    {
        var mistakes = new Dictionary<string, LambdaBuilder>
        {
            ["spec.source.inline.files"] = ALambda("path").WithInline("../../etc/x", "x"),
            ["spec.handler"] = ALambdaThatSays("handler", "x").WithHandler("handler"),
            ["spec.env[0].name"] = ALambdaThatSays("reserved", "x").WithEnv("FUNCTION_TARGET", "x"),
            ["spec.env[0]"] = ALambdaThatSays("novalue", "x").With(spec => spec with { Env = [new() { Name = "A" }] }),
            ["spec.scaling.minReplicas"] = ALambdaThatSays("scaling", "x").WithReplicas(3, 2),
            ["spec.triggers[0].http.path"] = ALambdaThatSays("route", "x").With(spec => spec with
            {
                Triggers = [new() { Name = "web", Http = new() { Path = "/healthz" } }],
            }),
            ["spec.resources.requests.memory"] = ALambdaThatSays("quantity", "x").With(spec => spec with
            {
                Resources = new()
                {
                    Requests = new Dictionary<string, string> { ["memory"] = "2Gi" },
                    Limits = new Dictionary<string, string> { ["memory"] = "1Gi" },
                },
            }),
        };
        await space.ApplyAsync(mistakes.Values);
        foreach (var (field, lambda) in mistakes)
        {
            var accepted = await space.ConditionAsync(lambda.Name, ConditionTypes.Accepted, ConditionStatus.False, Reasons.Invalid);
            Assert.StartsWith($"{field}: ", accepted.Message, StringComparison.Ordinal);
            var seen = await space.ReadAsync(lambda.Name);
            Assert.Equal((ConditionStatus.False, accepted.Message), (Seen.Condition(seen, ConditionTypes.Ready)!.Status, Seen.Condition(seen, ConditionTypes.Ready)!.Message));
            Assert.Empty(await space.BuildPodsAsync(seen));
        }

        await Eventually.HoldsAsync(
            "a warning among the events of route",
            () => space.KubectlAsync("get", "events", "--field-selector", "type=Warning,involvedObject.name=route", "-o", "jsonpath={.items[*].reason}"),
            reasons => reasons == Reasons.Invalid, seconds: 20);
        // Nothing was made, so nothing has to be cleaned up: they go at once.
        await space.KubectlAsync(["delete", "lambda", "--timeout=10s", .. mistakes.Values.Select(lambda => lambda.Name)]);
    }

    [Fact]
    public async Task A_change_that_is_refused_leaves_the_old_version_serving_and_the_status_says_both()
    {
        var good = await space.ApplyUntilReadyAsync(ALambdaThatSays("refused", "good"));
        await space.ApplyAsync(ALambdaThatSays("refused", "bad").WithEnv("PORT", "1"));
        await space.ConditionAsync("refused", ConditionTypes.Accepted, ConditionStatus.False, Reasons.Invalid);
        var refused = await space.ReadAsync("refused");
        var ready = Seen.Condition(refused, ConditionTypes.Ready)!;
        Assert.Equal((ConditionStatus.False, Reasons.Invalid), (ready.Status, ready.Reason));
        Assert.Contains($"Revision {good.Status!.Revision} still serves at {good.Status.Url}", ready.Message, StringComparison.Ordinal);
        await space.AnswersAsync(refused, "good");

        await space.AnswersAsync(await space.ApplyUntilReadyAsync(ALambdaThatSays("refused", "better")), "better");
    }

    [Fact]
    public async Task One_host_belongs_to_one_Lambda_and_to_the_next_when_that_one_is_gone()
    {
        await space.ApplyUntilReadyAsync(AtOneHost("first"));
        await space.ApplyAsync(AtOneHost("second"));
        var taken = await space.ConditionAsync("second", ConditionTypes.Ready, ConditionStatus.False, Reasons.HostTaken);
        Assert.Contains($"one.example.com with the path / belongs to the Lambda {space.Name}/first", taken.Message, StringComparison.Ordinal);

        await space.DeleteAsync("first");
        await space.ReadyAsync("second");

        static LambdaBuilder AtOneHost(string name) => ALambdaThatSays(name, name).With(spec => spec with
        {
            Build = null,
            Triggers = [new() { Name = "web", Http = new() { Exposure = Exposures.Ingress, Host = "one.example.com" } }],
        });
    }

    [Theory]
    [InlineData("emptied")]
    [InlineData("unreadable")]
    public async Task A_status_that_somebody_spoiled_is_written_anew(string how)
    {
        var before = await space.ApplyUntilReadyAsync(ALambdaThatSays(how, "well"));
        var json = JsonNode.Parse(await space.KubectlAsync("get", "lambda", how, "-o", "json"))!;
        var conditions = json["status"]!["conditions"]!.AsArray();
        if (how == "unreadable")
        {
            // RFC 3339 for the API server, and no time that .NET has.
            conditions[0]!["lastTransitionTime"] = "0000-01-01T00:00:00Z";
        }
        else
        {
            json["status"] = new JsonObject();
        }

        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, json.ToJsonString(), TestContext.Current.CancellationToken);
            await space.KubectlAsync("replace", "--raw", $"/apis/{Lambda.Group}/{Lambda.Version}/namespaces/{space.Name}/lambdas/{how}/status", "-f", file);
        }
        finally
        {
            File.Delete(file);
        }

        await Eventually.HoldsAsync(
            $"the status of {how} to be written", () => space.KubectlAsync("get", "lambda", how, "-o", "jsonpath={.status.conditions[0].lastTransitionTime}"),
            time => time.Length > 0 && !time.StartsWith("0000", StringComparison.Ordinal), seconds: 30);
        var after = await space.UntilAsync(how, "a status that is whole again", lambda => Seen.IsReady(lambda) && lambda.Status!.Url is not null);
        Assert.Equal((before.Status!.Image, before.Status.Revision), (after.Status!.Image, after.Status.Revision));
        await space.AnswersAsync(after, "well");
    }
}
