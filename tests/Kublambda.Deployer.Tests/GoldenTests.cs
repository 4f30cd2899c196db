using System.Runtime.CompilerServices;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Rendering;

namespace Kublambda.Deployer.Tests;

/// <summary>
/// One folder for each case: <c>lambda.yaml</c> (with the image in its status), <c>installation.yaml</c> where it differs
/// from the defaults, and <c>expected.yaml</c>. <c>UPDATE_GOLDEN=1</c> writes the expected files anew.
/// </summary>
public sealed class GoldenTests
{
    public static TheoryData<string> Cases() => [.. Directory.GetDirectories(Folder()).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Objects_are_rendered_as_expected(string name)
    {
        var folder = Path.Combine(Folder(), name);
        var lambda = YamlText.Read<Lambda>(Path.Combine(folder, "lambda.yaml"));
        var installation = Path.Combine(folder, "installation.yaml") is var path && File.Exists(path)
            ? YamlText.Read<Installation>(path) : new Installation();

        var rendered = WorkloadRenderer.Render(
            Workload.Of(lambda, lambda.Status!.Revision!, lambda.Status.Image!), installation.Http, installation.AutoscalingVersion);
        var actual = YamlText.Write(new object?[] { rendered.Deployment, rendered.Service, rendered.Autoscaler, rendered.Ingress }.OfType<object>());

        var expected = Path.Combine(folder, "expected.yaml");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            await File.WriteAllTextAsync(expected, actual, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllTextAsync(expected, TestContext.Current.CancellationToken), actual);
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Golden");

    internal sealed record Installation
    {
        public HttpOptions Http { get; init; } = new();
        public string? AutoscalingVersion { get; init; } = "autoscaling/v2";
    }
}
