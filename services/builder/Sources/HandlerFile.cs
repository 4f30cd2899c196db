using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Sources;

/// <summary>Looks, before anything is built, whether the file that <c>spec.handler</c> names is in the source.</summary>
public static class HandlerFile
{
    private const int Shown = 20;

    /// <summary>As <see cref="Check"/>; disposes of the bundle where the file is not in it.</summary>
    public static Bundle Checked(LambdaSpec spec, Bundle bundle)
    {
        try
        {
            Check(spec, bundle.Paths);
            return bundle;
        }
        catch
        {
            bundle.Dispose();
            throw;
        }
    }

    /// <exception cref="SourceRefusedException">It is not there; the message says what is.</exception>
    public static void Check(LambdaSpec spec, IReadOnlyCollection<string> paths)
    {
        if (ModuleFiles.Of(spec.Runtime) is not { } files)
            return;
        var example = Defaults.HandlerOf(spec.Runtime)!;
        var handler = spec.Handler ?? example;
        var dot = handler.LastIndexOf('.');
        if (dot <= 0 || dot == handler.Length - 1)
            throw new SourceRefusedException($"The handler \"{SourcePath.Show(handler)}\" is not of the form module.function, for example \"{example}\".");

        var module = handler[..dot];
        if (files.Candidates(module).Any(paths.Contains))
            return;

        var wanted = files.Extensions.Select(e => module + e).ToList();
        var other = paths.FirstOrDefault(p => wanted.Exists(w => p.EndsWith($"/{w}", StringComparison.Ordinal)));
        var remedy = other is not null
            ? $"There is {SourcePath.Show(other)}: pack the archive from inside its directory, or set spec.handler to \"{SourcePath.Show(Path.ChangeExtension(other, null))}{handler[dot..]}\"."
            : $"Add {wanted[0]}, or let spec.handler name a file that is there.";
        var needs = wanted.Count == 1 ? $"{SourcePath.Show(wanted[0])}, and the source does not have it" : $"one of {SourcePath.Show(string.Join(", ", wanted))}, and the source has none of them";
        throw new SourceRefusedException($"The handler \"{SourcePath.Show(handler)}\" needs {needs}. It holds: {List(paths)}. {remedy}");
    }

    private static string List(IReadOnlyCollection<string> paths)
    {
        var shown = string.Join(", ", paths.Take(Shown).Select(SourcePath.Show));
        return paths.Count > Shown ? $"{shown} and {paths.Count - Shown} more" : shown;
    }
}
