using System.Reflection;
using System.Text.RegularExpressions;
using Kublambda.Contracts.Resources;

namespace Kublambda.Contracts.Tests;

/// <summary><c>docs/lambda.md</c> speaks of every condition, reason and field.</summary>
public sealed class DocumentationTests
{
    private static readonly HashSet<string> Words = Regex
        .Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "lambda.md")), "`([^`\n]+)`")
        .SelectMany(code => Regex.Matches(code.Groups[1].Value, "[A-Za-z0-9]+"))
        .Select(word => word.Value)
        .ToHashSet(StringComparer.Ordinal);

    [Theory]
    [InlineData(typeof(ConditionTypes))]
    [InlineData(typeof(Reasons))]
    [InlineData(typeof(Runtimes))]
    [InlineData(typeof(Exposures))]
    public void Every_constant_is_documented(Type constants) => Assert.DoesNotContain(
        constants.GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!), v => !Words.Contains(v));

    [Fact]
    public void Every_field_of_spec_and_status_is_documented() => Assert.DoesNotContain(
        new[] { typeof(LambdaSpec), typeof(LambdaStatus), typeof(BuildSpec), typeof(ScalingSpec), typeof(HttpTrigger), typeof(SourceSpec), typeof(BuildStatus), typeof(TriggerStatus), typeof(LambdaCondition) }
            .SelectMany(type => type.GetProperties())
            .Select(p => char.ToLowerInvariant(p.Name[0]) + p.Name[1..])
            .Distinct(StringComparer.Ordinal),
        name => name is not ("type" or "status" or "lastTransitionTime") && !Words.Contains(name));
}
