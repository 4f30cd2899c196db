using System.Text.Json;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Fetching;
using Kublambda.Builder.Pipelines;
using Kublambda.Builder.Sources;
using Kublambda.Contracts.Resources;
using Kublambda.Registry;

namespace Kublambda.Builder.Tests;

/// <summary>What names the dependencies of a source, and the Dockerfile that lays them under it.</summary>
public sealed class DependencyTests
{
    private static readonly ImageReference Base = ImageReference.Parse($"ghcr.io/kublambda/runtime-nodejs@sha256:{new string('b', 64)}");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void The_Dockerfile_lays_the_source_over_the_dependencies()
    {
        Assert.Equal($"FROM {Base}\nCOPY --chown=0:0 source/ /function/\n", Dockerfile.Of(Base, "nodejs", "source", dependencies: false));
        Assert.Equal($"FROM {Base}\nCOPY --chown=0:0 dependencies/ /function/\nCOPY --chown=0:0 source/ /function/\n", Dockerfile.Of(Base, "python", "source", dependencies: true));
        // What was compiled is all there is to run.
        Assert.Equal($"FROM {Base}\nCOPY --chown=0:0 dependencies/ /function/\n", Dockerfile.Of(Base, "dotnet", "source", dependencies: true));
    }

    [Fact]
    public void Nothing_that_a_Dockerfile_could_take_for_more_than_a_name_gets_into_it()
    {
        Assert.Throws<ArgumentException>(() => Dockerfile.Of(Base with { Digest = null, Tag = "x" }, "nodejs", "source", false));
        Assert.Throws<ArgumentException>(() => Dockerfile.Of(Base, "nodejs", "source /etc/passwd\nRUN x", false));
        Assert.Throws<ArgumentException>(() => Dockerfile.Of(Base, "nodejs", "--from=x", false));
    }

    [Theory]
    [InlineData("--dockerfile=/w/Dockerfile --from=ghcr.io/a/b@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --runtime=nodejs --dependencies= --tls-verify=false", true)]
    [InlineData("", true)]
    [InlineData("--dockerfile=/w/Dockerfile", false)]
    [InlineData("--dockerfile=/w/Dockerfile --from=ghcr.io/a/b:tag", false)]
    [InlineData("--dockerfile=/elsewhere/Dockerfile --from=ghcr.io/a/b@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", false)]
    [InlineData("--unknown=1", false)]
    [InlineData("--tls-verify", false)]
    [InlineData("--tls-verify=true --tls-verify=false", false)]
    public void A_wrong_command_line_is_refused(string options, bool good)
    {
        string[] arguments = [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), $"host:5000/shop/x@sha256:{new string('a', 64)}", "/w/source"];
        Assert.Equal(good, FetchArguments.TryParse(arguments, out _));
    }

    [Fact]
    public async Task Dependencies_keep_their_name_as_long_as_nothing_changes_that_decides_them()
    {
        const string Package = """{"dependencies":{"a":"1"}}""";
        async Task<string> Of(string package = Package, string code = "x", string? toolchain = "t", string? lockFile = null)
        {
            var tree = new SourceTree();
            foreach (var (path, text) in new[] { ("index.js", code), ("package.json", package), ("package-lock.json", lockFile) })
            {
                if (text is not null)
                    tree.Add(new SourceEntry(path, false, text.Length, () => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text))));
            }

            using var bundle = await Bundle.Create(tree, packedBytes: null, Stop);
            return await DependencyKey.OfAsync(Runtimes.Nodejs, bundle, [toolchain], Stop);
        }

        Assert.Matches("^[0-9a-f]{16}$", await Of());
        Assert.Equal(await Of(), await Of(code: "y"));
        string[] different = [await Of(), await Of(package: """{"dependencies":{"a":"2"}}"""), await Of(toolchain: "u"), await Of(lockFile: "{}")];
        Assert.Equal(different.Length, different.Distinct().Count());
        // Its own files are a part of what is installed.
        const string Local = """{"dependencies":{"a":"file:./a"}}""";
        Assert.NotEqual(await Of(Local), await Of(Local, code: "y"));
    }

    [Theory]
    [InlineData("""["0.7","0.12","0.13","0.14"]""", "[]", "0.13")]
    [InlineData("""["0.14"]""", """["0.12"]""", "0.12")]
    [InlineData("""["0.10"]""", "[]", "0.10")]
    public void Of_a_builder_the_newest_Platform_API_that_both_speak_is_taken(string supported, string deprecated, string taken)
    {
        var image = BuilderImageConfig.Read("sha256:x", Config(supported, deprecated));
        Assert.Equal(new BuilderImage("sha256:x", 1001, 1000, taken), image);
    }

    [Theory]
    [InlineData("""["0.99"]""", "CNB_USER_ID=1001", "none of 0.13")]
    [InlineData("""["0.13"]""", "USER=1", "no CNB_USER_ID")]
    [InlineData("""["0.13"]""", "CNB_USER_ID=0", "no CNB_USER_ID")]
    public void A_builder_that_does_not_fit_is_refused_with_the_reason(string supported, string user, string reason) => Assert.Contains(
        reason, Assert.Throws<JsonException>(() => BuilderImageConfig.Read("sha256:x", Config(supported, "[]", user))).Message, StringComparison.Ordinal);

    private static JsonElement Config(string supported, string deprecated, string user = "CNB_USER_ID=1001")
    {
        var metadata = """{"lifecycle":{"version":"0.20.5","apis":{"platform":{"supported":S,"deprecated":D}}}}"""
            .Replace("S", supported, StringComparison.Ordinal).Replace("D", deprecated, StringComparison.Ordinal);
        return JsonSerializer.SerializeToElement(new
        {
            config = new { Env = new[] { "PATH=/bin", user, "CNB_GROUP_ID=1000" }, Labels = new Dictionary<string, string> { ["io.buildpacks.builder.metadata"] = metadata } },
        });
    }
}
