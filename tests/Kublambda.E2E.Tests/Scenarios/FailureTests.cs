using System.Globalization;
using System.Net;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Lambdas that cannot work: each says why and what to do, and works once that is done.</summary>
public sealed class FailureTests(TestNamespace<FailureTests> space) : IClassFixture<TestNamespace<FailureTests>>
{
    [Fact]
    public async Task Broken_code_is_named_with_its_place_and_mended_code_runs()
    {
        await space.ApplyAsync(ALambda("broken").WithInline("index.js", "exports.handler = () => {\n  return 'never;\n};\n"));
        var deployed = await space.ConditionAsync("broken", ConditionTypes.Deployed, ConditionStatus.False, Reasons.LoadFailed);
        Says(deployed.Message, "SyntaxError", "index.js:2");

        await HealsAsync("broken");
    }

    [Fact]
    public async Task A_missing_handler_is_named_with_what_is_there_instead_and_the_right_name_heals_it()
    {
        var lambda = ALambda("nameless").WithInline("index.js", "exports.hello = () => 'found';\n");
        await space.ApplyAsync(lambda.WithHandler("index.missing"));
        var deployed = await space.ConditionAsync("nameless", ConditionTypes.Deployed, ConditionStatus.False, Reasons.HandlerNotFound);
        Says(deployed.Message, "index.missing", "index.hello");

        await space.AnswersAsync(await space.ApplyUntilReadyAsync(lambda.WithHandler("index.hello")), "found");
    }

    [Fact]
    public async Task A_module_that_never_finishes_loading_is_told_from_one_that_runs()
    {
        await space.ApplyAsync(ALambda("loading").WithHandler("index.handler").WithInline(
            "index.mjs", "await new Promise((resolve) => setTimeout(resolve, 3_600_000));\nexport const handler = () => 'never';\n"));
        var deployed = await space.ConditionAsync("loading", ConditionTypes.Deployed, ConditionStatus.False, Reasons.NotListening, Reasons.LoadFailed);
        Says(deployed.Message, "load");

        await HealsAsync("loading");
    }

    [Fact]
    public async Task A_process_that_ends_while_it_starts_is_named_with_its_exit_code()
    {
        await space.ApplyAsync(ALambda("exits").WithInline("index.js", "process.exit(3);\n"));
        var deployed = await space.ConditionAsync(
            "exits", ConditionTypes.Deployed, ConditionStatus.False, Reasons.CrashLoop, Reasons.LoadFailed);
        Says(deployed.Message, "exit");

        await HealsAsync("exits");
    }

    [Fact]
    public async Task An_empty_source_is_refused_with_what_is_missing()
    {
        await space.ApplyAsync([ALambda("empty").WithNoFiles(), ALambda("emptyzip").WithZip(Zip.Of())]);
        var accepted = await space.ConditionAsync("empty", ConditionTypes.Accepted, ConditionStatus.False, Reasons.Invalid);
        Says(accepted.Message, "spec.source.inline.files", "no file", "index.js");
        Says((await RefusedAsync("emptyzip")).Message, "empty|no file");

        await HealsAsync("empty");
    }

    [Fact]
    public async Task A_zip_with_a_path_that_leads_out_of_it_is_refused_by_name()
    {
        await space.ApplyAsync(ALambda("slip").WithZip(Zip.Of(("index.js", "exports.handler = () => 'x';"), ("../../etc/evil", "x"))));
        Says((await RefusedAsync("slip")).Message, "../../etc/evil");

        await HealsAsync("slip");
    }

    [Fact]
    public async Task A_zip_bomb_is_stopped_at_a_limit_that_the_message_names()
    {
        await space.StoreAsync("bomb", "code.zip", Zip.Bomb(300));
        await space.ApplyAsync(ALambda("bomb").WithZip("bomb", "code.zip"));
        Says((await RefusedAsync("bomb")).Message, "limit|bomb|more than|at most");

        await HealsAsync("bomb");
    }

    [Fact]
    public async Task A_zip_that_is_none_is_refused()
    {
        await space.ApplyAsync(ALambda("nozip").WithZip("this is no zip archive"u8.ToArray()));
        Says((await RefusedAsync("nozip")).Message, "zip");
    }

    [Fact]
    public async Task A_zip_in_a_ConfigMap_that_comes_later_is_waited_for_and_runs()
    {
        await space.ApplyAsync(ALambda("later").WithZip("later", "code.zip"));
        var built = await space.ConditionAsync("later", ConditionTypes.Built, ConditionStatus.False, Reasons.SourceNotFound);
        Says(built.Message, "later");

        var zip = Zip.Of(("index.js", "exports.handler = () => require('./lib/words').hello;"), ("lib/words.js", "exports.hello = 'from a zip';"));
        await space.StoreAsync("later", "code.zip", zip);
        await space.AnswersAsync(await space.ReadyAsync("later"), "from a zip");
    }

    [Fact]
    public async Task A_field_of_a_later_version_is_refused_by_name_and_nothing_is_built()
    {
        await space.ApplyAsync([ALambdaThatSays("state", "x").With(spec => spec with { StateTables = ["orders"] })]);
        var condition = await space.ConditionAsync("state", ConditionTypes.Accepted, ConditionStatus.False, Reasons.NotSupported);
        Says(condition.Message, "stateTables");
        Assert.Empty(await space.BuildPodsAsync(await space.ReadAsync("state")));
    }

    [Fact]
    public async Task A_build_without_enough_memory_says_so_and_more_memory_is_the_remedy()
    {
        var lambda = ALambdaThatSays("cramped", "built");
        await space.ApplyAsync(lambda.With(spec => spec with
        {
            Build = new() { Pipeline = "buildah", Resources = new() { Limits = new Dictionary<string, string> { ["memory"] = "12Mi" }, Requests = new Dictionary<string, string> { ["memory"] = "12Mi" } } },
        }));
        var built = await space.ConditionAsync(
            "cramped", ConditionTypes.Built, ConditionStatus.False, Reasons.BuildOutOfMemory, Reasons.BuildFailed, Reasons.Invalid);
        Says(built.Message, "memory");

        await space.AnswersAsync(await space.ApplyUntilReadyAsync(lambda), "built");
    }

    [Fact]
    public async Task An_object_that_is_not_ours_is_left_alone_and_named()
    {
        await space.KubectlAsync("create", "service", "clusterip", "taken", "--tcp=81:81");
        await space.ApplyAsync(ALambdaThatSays("taken", "mine"));
        Says((await space.ConditionAsync("taken", ConditionTypes.Deployed, ConditionStatus.False, Reasons.NameTaken)).Message, "Service");
        Assert.Equal("81", await space.KubectlAsync("get", "service", "taken", "-o", "jsonpath={.spec.ports[*].port}"));

        await space.KubectlAsync("delete", "service", "taken");
        await space.AnswersAsync(await space.ReadyAsync("taken"), "mine");
    }

    private Task<LambdaCondition> RefusedAsync(string name) =>
        space.ConditionAsync(name, ConditionTypes.Built, ConditionStatus.False, Reasons.SourceInvalid);

    private async Task HealsAsync(string name)
    {
        var good = await space.ApplyUntilReadyAsync(ALambdaThatSays(name, "good"));
        var answer = await space.AnswersAsync(good, "good");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    /// <summary>The message has each of these words; <c>a|b</c> is one or the other.</summary>
    private static void Says(string message, params string[] words) =>
        Assert.All(words, word => Assert.True(
            word.Split('|').Any(w => message.Contains(w, StringComparison.OrdinalIgnoreCase)),
            string.Create(CultureInfo.InvariantCulture, $"\"{word}\" is not said by: {message}")));
}
