using System.Net;
using System.Text.RegularExpressions;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>One function that can do everything wrong: the caller gets a 5xx, the function comes back, its neighbours notice nothing.</summary>
public sealed class MisbehaviourTests(TestNamespace<MisbehaviourTests> space) : IClassFixture<TestNamespace<MisbehaviourTests>>, IAsyncLifetime
{
    private const string Code = """
        exports.handler = (req, res) => {
          switch (req.path) {
            case '/throw': throw new Error('kaboom');
            case '/never': return new Promise(() => {});
            case '/spin': while (true) {}
            case '/exit': process.exit(3);
            case '/big': return 'x'.repeat(10 * 1024 * 1024);
            default: return 'well';
          }
        };
        """;

    private Lambda bad = null!;
    private Lambda good = null!;

    public async ValueTask InitializeAsync()
    {
        await space.ApplyAsync([ALambda("bad").WithInline("index.js", Code).WithTimeout(3), ALambdaThatSays("neighbour", "fine")]);
        bad = await space.ReadyAsync("bad");
        good = await space.ReadyAsync("neighbour");
        await space.AnswersAsync(bad, "well");
        await space.AnswersAsync(good, "fine");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_handler_that_throws_gives_a_500_with_an_id_that_its_log_has_too()
    {
        var answer = await space.CallAsync(bad, "/throw");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.Status);
        Assert.DoesNotContain("kaboom", answer.Body, StringComparison.Ordinal);
        var id = Regex.Match(answer.Body, "[0-9a-f]{8}-[0-9a-f-]{27}").Value;
        Assert.NotEmpty(id);

        await Eventually.HoldsAsync(
            $"a log line with {id} and the error", () => space.KubectlAsync("logs", "-l", $"{Labels.Lambda}=bad", "--tail=100"),
            log => log.Split('\n').Any(line => line.Contains(id, StringComparison.Ordinal) && line.Contains("kaboom", StringComparison.Ordinal)), seconds: 30);
        await RecoversAsync();
    }

    [Fact]
    public async Task A_handler_that_never_returns_gives_a_504_and_others_are_served_meanwhile()
    {
        var never = space.CallAsync(bad, "/never");
        Assert.Equal("well", (await space.CallAsync(bad)).Body);
        var answer = await never;
        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.Status);
        Assert.Contains("timeout", answer.Body, StringComparison.OrdinalIgnoreCase);
        await RecoversAsync();
    }

    [Fact]
    public async Task An_answer_of_ten_megabytes_gives_a_502_that_names_the_limit()
    {
        var answer = await space.CallAsync(bad, "/big");
        Assert.Equal(HttpStatusCode.BadGateway, answer.Status);
        Assert.Contains("limit", answer.Body, StringComparison.OrdinalIgnoreCase);
        await RecoversAsync();
    }

    [Fact]
    public async Task A_handler_that_blocks_for_ever_is_ended_and_the_function_comes_back()
    {
        await EndsWithoutSuccessAsync("/spin");
        await RecoversAsync();
    }

    [Fact]
    public async Task A_handler_that_exits_the_process_costs_its_caller_the_answer_and_the_function_comes_back()
    {
        await EndsWithoutSuccessAsync("/exit");
        await RecoversAsync();
    }

    /// <summary>A process that dies can give a 5xx or break the connection: a success it must not be, and it must not last.</summary>
    private async Task EndsWithoutSuccessAsync(string path)
    {
        try
        {
            var answer = await space.CallAsync(bad, path);
            Assert.True((int)answer.Status >= 500, answer.ToString());
        }
        catch (HttpRequestException)
        {
            // The connection broke.
        }
    }

    private async Task RecoversAsync()
    {
        Assert.Equal("fine", (await space.CallAsync(good)).Body);
        await space.AnswersAsync(bad, "well", seconds: 120);
        await space.ReadyAsync("bad");
    }
}
