using System.Text.Json;

namespace Kublambda.Cel.Tests;

public sealed class EnvironmentTests
{
    [Fact]
    public void Functions_of_ones_own_are_called_checked_and_charged()
    {
        var shout = new CelFunction("shout", [CelKind.String], CelKind.String, arguments => new CelString(((CelString)arguments[0]).Value + "!")) { IsMember = true };
        var twice = new CelFunction("own.twice", [CelKind.Int], CelKind.Int, arguments => new CelInt(((CelInt)arguments[0]).Value * 2)) { Cost = 600_000 };
        var environment = CelEnvironment.Standard.WithFunction(shout).WithFunction(twice);

        Assert.Equal("hi!", CelProgram.Compile("'hi'.shout()", environment).Evaluate(Cel.NoVariables, TestContext.Current.CancellationToken).ToObject());
        Assert.Equal(4L, CelProgram.Compile("own.twice(2)", environment).Evaluate(Cel.NoVariables, TestContext.Current.CancellationToken).ToObject());
        Assert.Equal("no such overload: int.shout()", Assert.Throws<CelException>(() => CelProgram.Compile("1.shout()", environment)).Reason);
        Assert.Equal(CelErrorKind.Limit, Assert.Throws<CelException>(() => CelProgram.Compile("own.twice(own.twice(2))", environment).Evaluate(Cel.NoVariables)).Kind);
        Assert.Throws<CelException>(() => CelProgram.Compile("'hi'.shout()", CelEnvironment.Standard));
    }

    [Fact]
    public void An_exception_in_a_function_of_ones_own_is_an_evaluation_error()
    {
        var environment = CelEnvironment.Standard.WithFunction(new CelFunction("boom", [], CelKind.Bool, _ => throw new InvalidOperationException("no")));

        Assert.Equal("boom() failed: no", Assert.Throws<CelException>(() => CelProgram.Compile("boom()", environment).Evaluate(Cel.NoVariables)).Reason);
        Assert.Equal(true, CelProgram.Compile("boom() || true", environment).Evaluate(Cel.NoVariables, TestContext.Current.CancellationToken).ToObject());
    }

    [Fact]
    public void A_function_of_ones_own_that_gives_nothing_is_an_evaluation_error()
    {
        var environment = CelEnvironment.Standard.WithFunction(new CelFunction("nothing", [], CelKind.Dyn, _ => null!));

        Assert.Equal("nothing() gave no value", Assert.Throws<CelException>(() => CelProgram.Compile("nothing() == 1", environment).Evaluate(Cel.NoVariables)).Reason);
    }

    [Fact]
    public void A_function_that_overlaps_with_another_is_refused() =>
        Assert.Throws<ArgumentException>(() => CelEnvironment.Standard.WithFunction(new CelFunction("size", [CelKind.Dyn], CelKind.Int, arguments => arguments[0])));

    [Fact]
    public void A_container_is_looked_in_first()
    {
        var environment = CelEnvironment.Standard.WithContainer("team.app").WithVariables("team.app.x", "team.y", "x", "z");
        var variables = new Dictionary<string, object?> { ["team.app.x"] = 1, ["team.y"] = 2, ["x"] = 3, ["z"] = 4 };

        Assert.Equal(new object?[] { 1L, 2L, 3L, 4L }, CelProgram.Compile("[x, y, .x, z]", environment).Evaluate(variables, TestContext.Current.CancellationToken).ToObject());
    }

    [Fact]
    public void TryEvaluate_gives_the_problem_instead_of_throwing_it()
    {
        var program = CelProgram.Compile("object.a > 1", Cel.Conditions);

        Assert.False(program.TryEvaluate(new Dictionary<string, object?> { ["object"] = new Dictionary<string, object?>() }, out var value, out var problem, TestContext.Current.CancellationToken));
        Assert.Null(value);
        Assert.Equal("no such key: 'a'", problem.Reason);
    }

    [Fact]
    public void One_program_and_one_object_serve_many_threads()
    {
        var program = CelProgram.Compile(
            "object.items.all(i, i.name.matches('^n[0-9]+$') && i.labels.exists(k, i.labels[k] == i.name)) && object.items.map(i, i.n).sum() == n",
            Cel.Conditions.WithVariable("n", CelKind.Int));
        var items = string.Join(",", Enumerable.Range(0, 100).Select(n => $$$"""{"name": "n{{{n}}}", "n": {{{n}}}, "labels": {"a": "b", "c": "n{{{n}}}"}}"""));
        var shared = CelValue.From(JsonSerializer.Deserialize<JsonElement>($$"""{"items": [{{items}}]}"""));

        Parallel.For(0, 500, n =>
        {
            var variables = new Dictionary<string, object?> { ["object"] = shared, ["n"] = n % 2 == 0 ? 4950 : n };
            Assert.Equal(n % 2 == 0, program.EvaluateCondition(variables));
        });
    }
}
