namespace Kublambda.Tests;

/// <summary>What tests on a cluster find on this machine. Compiled into every test program of that kind (Directory.Build.props).</summary>
internal static class Checkout
{
    /// <summary>KUBECONFIG, else the one that <c>make up</c> leaves in the checkout; null where there is neither.</summary>
    public static string? Kubeconfig()
    {
        if (Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } set)
            return set;
        var local = Path.Combine(Root(), ".local", "kubeconfig");
        return File.Exists(local) ? local : null;
    }

    /// <summary>The root of the checkout that the test program was built from.</summary>
    public static string Root()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Kublambda.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside a checkout of Kublambda.");
    }
}
