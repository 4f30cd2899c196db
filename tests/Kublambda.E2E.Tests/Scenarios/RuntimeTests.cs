using System.IO.Compression;
using System.Net;
using System.Text;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using Kublambda.Tests;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Each language from <c>kubectl apply</c> to an answer. What runtimes promise in detail is for Kublambda.Runtimes.Tests.</summary>
public sealed class RuntimeTests(TestNamespace<RuntimeTests> space) : IClassFixture<TestNamespace<RuntimeTests>>
{
    [Fact]
    public async Task A_function_in_python_answers_and_a_broken_one_is_named_with_its_line()
    {
        var python = ALambda("python").WithPipeline("append").With(spec => spec with { Runtime = Runtimes.Python, Handler = null });
        var hello = await space.ApplyUntilReadyAsync(python
            .WithInline("main.py", "from lib.words import greet\n\ndef handler(request):\n    return greet(request.args.get('name', 'you'))\n")
            .WithInline("lib/words.py", "def greet(name):\n    return f'Hello, {name}!'\n"));
        await space.AnswersAsync(hello, "Hello, Ada!", "/?name=Ada");

        await space.ApplyAsync(python.WithInline("main.py", "import nowhere\n\ndef handler(request):\n    return ''\n"));
        var deployed = await space.ConditionAsync("python", ConditionTypes.Deployed, ConditionStatus.False, Reasons.LoadFailed);
        Assert.Contains("No module named 'nowhere' (at main.py:1", deployed.Message, StringComparison.Ordinal);
        await space.AnswersAsync(hello, "Hello, Ada!", "/?name=Ada");
    }

    [Fact]
    public async Task A_published_class_library_answers_and_a_wrong_handler_is_named_with_what_is_there()
    {
        var dotnet = ALambda("dotnet").WithPipeline("append").WithZip(Published("Suite")).With(spec => spec with { Runtime = Runtimes.Dotnet });
        var hello = await space.ApplyUntilReadyAsync(dotnet.WithHandler("Suite.HelloHttp"));
        await space.AnswersAsync(hello, "Hello Ada!", "/?name=Ada");
        await space.AnswersAsync(await space.ApplyUntilReadyAsync(dotnet.WithHandler("Suite.Function.Handler")), "grüße", "/text");

        await space.ApplyAsync(dotnet.WithHandler("Suite.Nothing"));
        var deployed = await space.ConditionAsync("dotnet", ConditionTypes.Deployed, ConditionStatus.False, Reasons.HandlerNotFound);
        Assert.Contains("\"Suite.HelloHttp\"", deployed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_in_csharp_is_compiled_in_a_build_pod_and_an_error_in_it_is_named_with_its_place()
    {
        var plain = ALambda("csharp").WithHandler("Shop.Hello.Say").With(spec => spec with { Runtime = Runtimes.Dotnet });
        var hello = await space.ApplyUntilReadyAsync(plain.WithInline("Hello.cs", "namespace Shop;\n\npublic static class Hello\n{\n    public static string Say(string name) => $\"Hello, {name}!\";\n}\n"));
        await space.AnswersAsync(hello, "Hello, Ada!", "/?name=Ada");

        await space.ApplyAsync(plain.WithInline("Hello.cs", "namespace Shop;\n\npublic static class Hello\n{\n    public static string Say(string name) => 1;\n}\n"));
        var built = await space.ConditionAsync("csharp", ConditionTypes.Built, ConditionStatus.False, Reasons.BuildFailed);
        Assert.Contains("Hello.cs(5,46): error CS0029", built.Message, StringComparison.Ordinal);
        await space.AnswersAsync(hello, "Hello, Ada!", "/?name=Ada");
    }

    [Theory]
    [InlineData(Runtimes.Nodejs, "index.js", "exports.handler = (event) => `${event.type}: ${event.data.order}`;\n")]
    [InlineData(Runtimes.Python, "main.py", "def handler(event):\n    return f\"{event['type']}: {event.data['order']}\"\n")]
    public async Task A_function_with_the_cloudevent_signature_is_called_with_events(string runtime, string file, string code)
    {
        var lambda = await space.ApplyUntilReadyAsync(ALambda($"on-{runtime}").WithPipeline("append").WithInline(file, code)
            .With(spec => spec with { Runtime = runtime, Handler = null, Signature = Signatures.CloudEvent }));
        await Eventually.HoldsAsync(
            "the event to be answered", () => PostAsync(lambda), answer => answer == new HttpAnswer(HttpStatusCode.OK, "shop.ordered: 7"), 60,
            explain: () => Diagnosis.OfAsync(space.Cluster, space.Name, lambda.Metadata.Name));
    }

    private async Task<HttpAnswer> PostAsync(Lambda lambda)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, LambdaSpace.UrlOf(lambda)) { Content = new StringContent("{\"order\":7}", Encoding.UTF8, "application/json") };
        foreach (var (name, value) in new[] { ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/shop"), ("ce-type", "shop.ordered") })
            request.Headers.Add(name, value);
        using var response = await space.Cluster.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new(response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The output of a library of this checkout, which was built along with this program.</summary>
    private static byte[] Published(string project)
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Checkout.Root(), "artifacts", "bin", project, "debug")).Where(f => f.EndsWith(".dll", StringComparison.Ordinal) || f.EndsWith(".deps.json", StringComparison.Ordinal)))
                archive.CreateEntryFromFile(file, Path.GetFileName(file));
        }

        return memory.ToArray();
    }
}
