using System.Text.RegularExpressions;

namespace Kublambda.Builder.Pipelines;

/// <summary>
/// The <c>$(...)</c> of pipeline files: <c>params</c> are set when the file is read, <c>images</c> and <c>build</c> when a pod is
/// rendered. No value holds such a reference itself, so that nothing is expanded twice, by Kubernetes either.
/// </summary>
internal static partial class Variables
{
    /// <summary>What a build brings along.</summary>
    public static readonly IReadOnlyList<string> Build =
        [
        "bundle", "base", "base-tls-verify", "base-insecure", "image", "image-tls-verify", "image-insecure", "insecure-registries", "cache",
        "cluster", "lambda", "lambda-uid", "revision", "runtime", "handler", "signature", "toolchain", "dependencies", "platform-api",
    ];

    /// <summary>Images that are settings of the installation: <c>Build__FetchImage</c>, <c>Build__BuildahImage</c>, and so on.</summary>
    public const string Images = "images";

    public static string ExpandParameters(PipelineNode node, string text, IReadOnlyDictionary<string, string> values) =>
        Reference().Replace(text, match =>
        {
            var (kind, name) = (match.Groups["kind"].Value, match.Groups["name"].Value);
            return kind switch
            {
                "params" => values.TryGetValue(name, out var value) ? value : throw node.Error($"$(params.{name}) names no parameter of this pipeline."),
                "build" when !Build.Contains(name) =>
                    throw node.Error($"there is no $(build.{name}). There are: {string.Join(", ", Build.Select(b => $"$(build.{b})"))}."),
                "build" or Images => match.Value,
                _ => throw node.Error($"there is no $({kind}.{name}). References begin with params, build or images."),
            };
        });

    /// <exception cref="KeyNotFoundException">A reference has no value.</exception>
    public static string Expand(string text, IReadOnlyDictionary<string, string> values) =>
        Reference().Replace(text, match => values[$"{match.Groups["kind"].Value}.{match.Groups["name"].Value}"]);

    /// <summary>Names of the references of a kind.</summary>
    public static IEnumerable<string> References(string text, string kind) =>
        Reference().Matches(text).Where(m => m.Groups["kind"].Value == kind).Select(m => m.Groups["name"].Value);

    [GeneratedRegex(@"\$\((?<kind>[a-z]+)\.(?<name>[A-Za-z0-9-]+)\)")]
    private static partial Regex Reference();
}
