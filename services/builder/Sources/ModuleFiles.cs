using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Sources;

/// <summary>Where a runtime's invoker looks for the module of a handler.</summary>
/// <param name="Extensions">Of the module's file, the usual one first.</param>
/// <param name="Index">Name, without extension, of the file that stands for its directory.</param>
/// <param name="DotsAreDirectories">Whether <c>a.b</c> is <c>a/b</c> too.</param>
internal sealed record ModuleFiles(IReadOnlyList<string> Extensions, string Index, bool DotsAreDirectories)
{
    // runtimes/nodejs/invoker/lib/loader.js
    private static readonly ModuleFiles Nodejs = new([".js", ".mjs", ".cjs"], "index", false);

    // runtimes/python/invoker/kublambda_invoker/loader.py
    private static readonly ModuleFiles Python = new([".py"], "__init__", true);

    /// <summary>Null for runtimes whose handlers are not names of files.</summary>
    public static ModuleFiles? Of(string runtime) => runtime switch
    {
        Runtimes.Nodejs => Nodejs,
        Runtimes.Python => Python,
        _ => null,
    };

    public IEnumerable<string> Candidates(string module)
    {
        var names = DotsAreDirectories ? new[] { module, module.Replace('.', '/') } : [module];
        return names.SelectMany(name => Extensions.SelectMany(e => new[] { name + e, $"{name}/{Index}{e}" }));
    }
}
