using System.Text.RegularExpressions;
using Kublambda.Builder.Builds;

namespace Kublambda.Builder.Buildpacks;

/// <summary>
/// <c>platform [--label=NAME=VALUE]... &lt;directory&gt;</c>: fills the platform directory of a Cloud Native Buildpacks build: <c>env/</c> with one
/// file for each variable of <c>spec.build.env</c>, the image's labels for Paketo's image-labels buildpack, and the installation's trust
/// bundle as a binding for its ca-certificates buildpack.
/// </summary>
public static partial class PlatformCommand
{
    public const string Verb = "platform";
    private const string ImageLabels = "BP_IMAGE_LABELS";
    private const string Label = "--label=";
    private const int Usage = 2;

    /// <param name="arguments">Labels and the directory.</param>
    /// <param name="environment">The step's environment.</param>
    /// <param name="error">For the one line that says why it failed.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Func<string, string?> environment, TextWriter error)
    {
        var labels = arguments.Where(a => a.StartsWith(Label, StringComparison.Ordinal)).Select(a => a[Label.Length..]).ToList();
        if (arguments.Count - labels.Count != 1 || arguments[^1].StartsWith('-') || labels.Exists(l => !LabelText().IsMatch(l)))
        {
            await error.WriteLineAsync($"usage: {Verb} [{Label}NAME=VALUE]... <directory>");
            return Usage;
        }

        var directory = arguments[^1];
        var variables = Directory.CreateDirectory(Path.Combine(directory, "env")).FullName;
        foreach (var name in (environment(BuildPod.BuildEnvNames) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            // A name is a file's name here.
            if (!VariableName().IsMatch(name))
            {
                await error.WriteLineAsync($"{Verb}: \"{name}\" cannot name a variable of a build.");
                return 1;
            }

            await File.WriteAllTextAsync(Path.Combine(variables, name), environment(name) ?? "");
        }

        // After the user's: their labels stay, and so do ours.
        var own = Path.Combine(variables, ImageLabels);
        if (labels.Count > 0)
            await File.WriteAllTextAsync(own, string.Join(' ', File.Exists(own) ? [await File.ReadAllTextAsync(own), .. labels] : labels));

        if (environment("SSL_CERT_FILE") is { } bundle && bundle.StartsWith(BuildSurroundings.TrustDirectory, StringComparison.Ordinal))
        {
            var binding = Directory.CreateDirectory(Path.Combine(directory, "bindings", "kublambda-trust")).FullName;
            await File.WriteAllTextAsync(Path.Combine(binding, "type"), "ca-certificates");
            File.Copy(bundle, Path.Combine(binding, Path.GetFileName(bundle)), overwrite: true);
        }

        return 0;
    }

    // Names with blanks, quotes or backslashes would end a label in the one line that the buildpack reads.
    [GeneratedRegex(@"\A[a-z0-9.-]+=[A-Za-z0-9./_-]+\z")]
    private static partial Regex LabelText();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableName();
}
