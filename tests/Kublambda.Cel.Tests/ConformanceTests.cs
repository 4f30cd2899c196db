using Kublambda.Cel.Conformance;

namespace Kublambda.Cel.Tests;

public sealed class ConformanceTests
{
    [Fact]
    public void Our_own_cases_pass()
    {
        var results = ConformanceCase.Load(Path.Combine(AppContext.BaseDirectory, "cases.json")).Select(ConformanceRun.Of).ToList();

        Assert.NotEmpty(results);
        Assert.True(results.All(result => result.Outcome == Outcome.Passed), ConformanceReport.Of(results));
    }

    [Fact]
    public void The_official_cases_pass_when_CEL_SPEC_CASES_names_their_file()
    {
        var path = Environment.GetEnvironmentVariable("CEL_SPEC_CASES");
        Assert.SkipWhen(string.IsNullOrEmpty(path), "CEL_SPEC_CASES names no file of cases.");

        var results = ConformanceCase.Load(path!).Select(ConformanceRun.Of).ToList();
        var report = ConformanceReport.Of(results);
        TestContext.Current.TestOutputHelper?.WriteLine(report);
        Assert.True(results.All(result => result.Outcome != Outcome.Failed), report);
    }

    [Fact]
    public void The_report_ends_with_the_numbers()
    {
        var results = ConformanceCase.Load(Path.Combine(AppContext.BaseDirectory, "cases.json")).Take(3).Select(ConformanceRun.Of).ToList();

        Assert.Equal("3 passed, 0 failed, 0 skipped", ConformanceReport.Of(results).TrimEnd().Split('\n')[^1].Trim());
    }
}
