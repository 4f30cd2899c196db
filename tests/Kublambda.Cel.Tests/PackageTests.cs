using System.Text.Json;

namespace Kublambda.Cel.Tests;

/// <summary>What makes the library a package of its own.</summary>
public sealed class PackageTests
{
    [Fact]
    public void It_depends_on_nothing_but_the_framework() => Assert.All(
        typeof(CelProgram).Assembly.GetReferencedAssemblies(),
        reference => Assert.StartsWith("System", reference.Name, StringComparison.Ordinal));

    [Fact]
    public void The_five_minutes_of_the_README_work()
    {
        var environment = CelEnvironment.Standard
            .WithVariables("object", "oldObject")
            .WithVariable("event", CelKind.String);
        var program = CelProgram.Compile(
            "event == 'modified' && object.spec.replicas > oldObject.spec.replicas && !has(object.metadata.deletionTimestamp)",
            environment,
            result: CelKind.Bool);

        bool matches = program.EvaluateCondition(
            new Dictionary<string, object?>
            {
                ["event"] = "modified",
                ["object"] = JsonSerializer.Deserialize<JsonElement>("""{"metadata": {}, "spec": {"replicas": 3}}"""),
                ["oldObject"] = JsonSerializer.Deserialize<JsonElement>("""{"metadata": {}, "spec": {"replicas": 1}}"""),
            },
            TestContext.Current.CancellationToken);

        Assert.True(matches);
    }

    /// <summary>Every function there is stands in the README's table, so that a reader need not look anywhere else.</summary>
    [Fact]
    public void The_README_names_every_function()
    {
        var readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"));

        var missing = CelEnvironment.Standard.Functions.Names.Where(name => !readme.Contains($"`{name}`", StringComparison.Ordinal) && !(name.StartsWith("math.", StringComparison.Ordinal) && readme.Contains($"`{name[5..]}`", StringComparison.Ordinal)));

        Assert.Empty(missing);
    }
}
