using Kublambda.Tests;

namespace Kublambda.Runtimes.Tests;

/// <summary>One runtime: how its invoker starts, and the function of the suite in its language.</summary>
/// <param name="Name">As in <c>spec.runtime</c>.</param>
/// <param name="Command">The image's entry point, with paths of this checkout.</param>
/// <param name="Source">Directory of the function.</param>
/// <param name="Handler">Target of the HTTP function.</param>
/// <param name="EventHandler">Target of the CloudEvent function.</param>
/// <param name="LineOfThrow">What the log says of the place that throws: file and line.</param>
public sealed record RuntimeUnderTest(string Name, IReadOnlyList<string> Command, string Source, string Handler, string EventHandler, string LineOfThrow)
{
    public static RuntimeUnderTest Nodejs { get; } = new(
        "nodejs", ["node", InCheckout("runtimes/nodejs/invoker/invoker.js")], Functions("nodejs"), "index.handler", "index.event", "index.js:33");

    public static RuntimeUnderTest Python { get; } = new(
        "python", ["/usr/bin/python3", InCheckout("runtimes/python/invoker/invoker.py")], Functions("python"), "main.handler", "main.event", "main.py\", line 40");

    public static RuntimeUnderTest Dotnet { get; } = new(
        "dotnet", ["dotnet", InCheckout("artifacts/bin/Kublambda.Invoker/debug/invoker.dll")], InCheckout("artifacts/bin/Suite/debug"),
        "Suite.Function.Handler", "Suite.Function.Event", "Function.cs:line 55");

    private static string InCheckout(string path) => Path.Combine(Checkout.Root(), path);

    private static string Functions(string runtime) => InCheckout($"tests/Kublambda.Runtimes.Tests/Functions/{runtime}");
}
