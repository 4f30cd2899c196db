using Kublambda.Cel.Conformance;

var path = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "cases.json");
if (!File.Exists(path))
{
    await Console.Error.WriteLineAsync($"There is no file {path}: give the cases as the first argument (make cel-conformance CASES=file.json).");
    return 2;
}

var results = ConformanceCase.Load(path).Select(ConformanceRun.Of).ToList();
await Console.Out.WriteAsync(ConformanceReport.Of(results));
return results.Any(result => result.Outcome == Outcome.Failed) ? 1 : 0;
