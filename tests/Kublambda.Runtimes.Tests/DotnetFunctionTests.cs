using System.Net;
using System.Text;

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
