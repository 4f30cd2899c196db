using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Kublambda.Runtimes.Tests;

/// <summary>What only the .NET runtime has: classes of the Functions Framework, and how they are found.</summary>
public sealed class DotnetFunctionTests
{
    [Fact]
    public async Task A_class_of_the_functions_framework_runs_unchanged()
    {
        await using var fn = await FunctionProcess.StartAsync(RuntimeUnderTest.Dotnet, "Suite.HelloHttp");
        Assert.Equal("Hello Ada!", await fn.GetAsync("/?name=Ada"));
        Assert.Contains(fn.Log(), line => (string?)line["message"] == "Hello was called." && (string?)line["category"] == "Suite.HelloHttp");
    }

    [Fact]
    public async Task The_data_of_an_event_is_the_type_that_its_class_names()
    {
        await using var fn = await FunctionProcess.StartAsync(RuntimeUnderTest.Dotnet, "Suite.OnOrder");
        using var answer = await fn.SendAsync(
            HttpMethod.Post, "/", new StringContent("""{"item":"tea","count":3}""", Encoding.UTF8, "application/json"),
            ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/shop"), ("ce-type", "ordered"));
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Contains(fn.Log(), line => (string?)line["message"] == "3 of tea by /shop");
    }

    [Fact]
    public async Task Startup_classes_of_assembly_base_class_and_function_add_services_configuration_and_middleware()
    {
        await using var fn = await FunctionProcess.StartAsync(RuntimeUnderTest.Dotnet, "Suite.WithServices", ("Shop__Name", "Coffees"));
        using var answer = await fn.SendAsync(HttpMethod.Get, "/");
        Assert.Equal(["yes"], answer.Headers.GetValues("X-Stamp"));
        var first = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        var second = JsonNode.Parse(await fn.GetAsync("/"))!;
        Assert.Equal((string?)first["lasting"], (string?)second["lasting"]);
        Assert.NotEqual((string?)first["passing"], (string?)second["passing"]);
        Assert.True((bool)first["same"]!);
        // From the environment, which outranks appsettings.json, and from a startup class, which outranks both.
        Assert.Equal("""{"name":"Coffees","town":"Bath"}""", first["shop"]!.ToJsonString());
        Assert.Contains(fn.Log(), line => (string?)line["message"] == "Stamped 200.");
    }

    [Fact]
    public async Task A_typed_function_takes_and_gives_json()
    {
        await using var fn = await FunctionProcess.StartAsync(RuntimeUnderTest.Dotnet, "Suite.Adds");
        using var added = await fn.SendAsync(HttpMethod.Post, "/", new StringContent("""{"item":"tea","count":3}""", Encoding.UTF8, "application/json"));
        Assert.Equal("""{"item":"tea","count":4}""", await added.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var refused = await fn.SendAsync(HttpMethod.Post, "/", new StringContent("tea", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("The request is no Order: ", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Suite.OnAnything", """{"item":"tea"}""", "ordered tea")]
    [InlineData("Suite.OnShout", "hello", "Heard HELLO")]
    public async Task Events_come_without_a_type_or_by_the_formatter_of_their_type(string target, string data, string logged)
    {
        await using var fn = await FunctionProcess.StartAsync(RuntimeUnderTest.Dotnet, target);
        using var answer = await fn.SendAsync(
            HttpMethod.Post, "/", new StringContent(data, Encoding.UTF8, "application/json"),
            ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/shop"), ("ce-type", "ordered"));
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Contains(fn.Log(), line => (string?)line["message"] == logged);
    }

    [Theory]
    [InlineData("Suite.AsksTooMuch", "asks for Suite.Lasting (lasting)", "ConfigureServices")]
    [InlineData("Suite.Fails", "System.FormatException", "(at StartupFunctions.cs:107 in Suite.Fails..cctor)")]
    public async Task What_fails_at_load_is_named_with_its_place(string target, params string[] words)
    {
        await using var fn = FunctionProcess.Launch(RuntimeUnderTest.Dotnet, target);
        Assert.Equal(65, await fn.ExitCodeAsync());
        var said = await File.ReadAllTextAsync(fn.TerminationLog, TestContext.Current.CancellationToken);
        Assert.All(words, word => Assert.Contains(word, said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_call_that_asks_for_too_much_memory_fails_and_memory_that_stays_full_ends_the_process_with_its_place()
    {
        await using var fn = await FunctionProcess.StartAsync(RuntimeUnderTest.Dotnet, "Suite.Fills.Handler", ("DOTNET_GCHeapHardLimit", "0x6000000"));
        using var one = await fn.SendAsync(HttpMethod.Get, "/one");
        Assert.Equal(HttpStatusCode.InternalServerError, one.StatusCode);
        await Task.Delay(300, TestContext.Current.CancellationToken); // the clock looks every 100 ms
        Assert.Equal("fine", await fn.GetAsync("/"));
        using var all = await fn.SendAsync(HttpMethod.Get, "/all");
        Assert.Equal(HttpStatusCode.InternalServerError, all.StatusCode);
        Assert.Equal(71, await fn.ExitCodeAsync());
        var said = await File.ReadAllTextAsync(fn.TerminationLog, TestContext.Current.CancellationToken);
        Assert.Matches(@"^The function's memory is full: \d+ of 96 MiB are in use \(at StartupFunctions\.cs:\d+ in Suite\.Fills\.Handler\)\.", said);
    }

    [Fact]
    public async Task Calls_that_never_end_end_the_process_when_there_are_too_many()
    {
        await using var fn = await FunctionProcess.StartAsync(RuntimeUnderTest.Dotnet, "Suite.Loops.Handler", ("FUNCTION_TIMEOUT_SECONDS", "0.5"), ("FUNCTION_CONCURRENCY", "10"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => fn.SendAsync(HttpMethod.Get, "/loop")));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode));
        Assert.Equal(70, await fn.ExitCodeAsync());
        Assert.Contains("10 calls of the function did not end although their time was up (the oldest: GET /loop)", await File.ReadAllTextAsync(fn.TerminationLog, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Several classes of the source are functions", "\"Suite.HelloHttp\"")]
    [InlineData("Suite.Nothing", "\"Suite.Nothing\" was not found", "\"Suite.OnOrder\"")]
    [InlineData("Suite.Function.Nothing", "Suite.Function has the public methods", "\"Handler\"")]
    public async Task A_target_that_is_not_there_is_answered_with_what_is(string target, params string[] words)
    {
        await using var fn = FunctionProcess.Launch(RuntimeUnderTest.Dotnet, target);
        Assert.Equal(64, await fn.ExitCodeAsync());
        var said = await File.ReadAllTextAsync(fn.TerminationLog, TestContext.Current.CancellationToken);
        Assert.All(words, word => Assert.Contains(word, said, StringComparison.Ordinal));
    }
}
