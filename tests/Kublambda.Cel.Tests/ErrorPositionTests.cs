namespace Kublambda.Cel.Tests;

public sealed class ErrorPositionTests
{
    [Theory]
    [InlineData("1 +", 1, 4, "unexpected end of the expression")]
    [InlineData("(1", 1, 3, "expected ')'")]
    [InlineData("[1, 2", 1, 6, "expected ',' or ']'")]
    [InlineData("a =\n  = b", 1, 3, "'=' is not an operator")]
    [InlineData("a &&\n  & b", 2, 3, "'&' is not an operator")]
    [InlineData("'abc", 1, 1, "not closed")]
    [InlineData("1 + 'a\\q'", 1, 7, "is not an escape")]
    [InlineData("9223372036854775808", 1, 1, "does not fit a 64-bit int")]
    [InlineData("-1u", 1, 2, "a uint has no sign")]
    [InlineData("1abc", 1, 1, "is not a number")]
    [InlineData("while == 1", 1, 1, "'while' is a reserved word")]
    [InlineData("[1].all(1, true)", 1, 9, "must be a variable name")]
    [InlineData("has(object)", 1, 1, "has() takes one field selection")]
    [InlineData("a ? b", 1, 6, "expected ':'")]
    [InlineData("object.spec # comment", 1, 13, "unexpected character '#'")]
    [InlineData("a.`x", 1, 3, "not closed")]
    public void A_syntax_error_says_where_and_what(string expression, int line, int column, string message)
    {
        var problem = Cel.Refuses(expression);

        Assert.Equal(CelErrorKind.Syntax, problem.Kind);
        Assert.Equal((line, column), (problem.Line, problem.Column));
        Assert.Contains(message, problem.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("objetc.spec == 1", 1, 1, "unknown name 'objetc'", "did you mean 'object'?")]
    [InlineData("true &&\n  oldobject.spec == 1", 2, 3, "unknown name 'oldobject'", "did you mean 'oldObject'?")]
    [InlineData("zzz == 1", 1, 1, "unknown name 'zzz'", "known are count, event, object, oldObject")]
    [InlineData("object.name.startWith('a')", 1, 13, "unknown function 'startWith'", "did you mean 'startsWith'?")]
    [InlineData("object.items.exist(i, i == 1)", 1, 14, "unknown function 'exist'", "did you mean 'exists'?")]
    [InlineData("math.greatst(1, 2)", 1, 6, "unknown function 'math.greatst'", "did you mean 'math.greatest'?")]
    [InlineData("startsWith(object.name, 'a')", 1, 1, "startsWith() is not called this way", "it is written string.startsWith(string) -> bool")]
    [InlineData("object.name.startsWith('a', 'b')", 1, 13, "startsWith() does not take 2 arguments", "it is written string.startsWith(string) -> bool")]
    [InlineData("object.items.all(true)", 1, 14, "all() does not take 1 arguments", "it is written items.all(item, ...)")]
    [InlineData("cel.bind(a, 1) == 1", 1, 5, "bind() does not take 2 arguments", "it is written cel.bind(name, value, expression)")]
    [InlineData("'a' in event", 1, 5, "no such overload: string in string", "a part of a string: s.contains(...)")]
    [InlineData("event.startsWith(1)", 1, 7, "no such overload: string.startsWith(int)", "it is written string.startsWith(string) -> bool")]
    [InlineData("event + 1 == 'a'", 1, 7, "no such overload: string + int", "convert the other side: string(...)")]
    [InlineData("count + 1.5 > 2.0", 1, 7, "no such overload: int + double", "convert one side: int(...)")]
    [InlineData("event == 1", 1, 7, "no such overload: string == int", "values of these types are never equal; convert one, or compare through dyn(...)")]
    [InlineData("event && true", 1, 1, "&& needs a bool, not string", "compare it with something, such as x != 0")]
    [InlineData("event.matches('(')", 1, 15, "bad regular expression '(': missing )", "the syntax is that of RE2")]
    [InlineData("Deployment{spec: 1} == object", 1, 1, "there are no message types, and 'Deployment' is none", "maps are written {'key': value}")]
    [InlineData("event.spec", 1, 7, "string has no field 'spec'", null)]
    [InlineData("event[0]", 1, 6, "string has no elements", "a character of a string: s.charAt(0)")]
    public void The_check_finds_it_before_anything_runs_and_gives_a_hint(string expression, int line, int column, string message, string? hint)
    {
        var problem = Cel.Refuses(expression);

        Assert.Equal(CelErrorKind.Check, problem.Kind);
        Assert.Equal((line, column, message, hint), (problem.Line, problem.Column, problem.Reason, problem.Hint));
    }

    [Fact]
    public void The_check_finds_every_problem_in_the_order_of_the_text()
    {
        var problem = Cel.Refuses("foo == 1 || object.a.bar(1) || size(1)  == 2");

        Assert.Equal(["unknown name 'foo'", "unknown function 'bar'", "no such overload: size(int)"], problem.Issues.Select(issue => issue.Message));
        Assert.StartsWith("1:1: unknown name 'foo'", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_condition_that_gives_no_bool_is_refused()
    {
        var problem = Assert.Throws<CelException>(() => CelProgram.Compile("size(object.items)", Cel.Conditions, CelKind.Bool));

        Assert.Equal("the expression gives int, not bool", problem.Reason);
        Assert.Equal(CelKind.Bool, CelProgram.Compile("size(object.items) > 1", Cel.Conditions, CelKind.Bool).ResultKind);
        Assert.Equal(CelKind.Dyn, CelProgram.Compile("object.ready", Cel.Conditions, CelKind.Bool).ResultKind);
    }

    [Theory]
    [InlineData("object.spec.replcas > 1", 1, 13, "no such key: 'replcas'", "did you mean 'replicas'?")]
    [InlineData("object.spec.x.y", 1, 13, "no such key: 'x'", "guard it with has(), or select it as optional with .?")]
    [InlineData("object.none.field == 1", 1, 13, "null has no field 'field'", "guard it with has(), or select with .?field")]
    [InlineData("1 / (object.spec.replicas - 3) > 1", 1, 3, "division by zero", null)]
    [InlineData("object.spec.items[7] == 1", 1, 18, "index 7 is outside the list of 1", null)]
    [InlineData("object.spec.replicas + 'a' == ''", 1, 22, "no such overload: int + string", null)]
    [InlineData("int(object.name) == 1", 1, 1, "\"web\" is not the text of an int", null)]
    public void An_evaluation_error_says_where_and_what(string expression, int line, int column, string message, string? hint)
    {
        var problem = Assert.Throws<CelException>(() => Cel.On("""{"name": "web", "none": null, "spec": {"replicas": 3, "items": [1]}}""", expression));

        Assert.Equal(CelErrorKind.Evaluation, problem.Kind);
        Assert.Equal((message, hint), (problem.Reason, problem.Hint));
        Assert.Equal((line, column), (problem.Line, problem.Column));
    }

    [Fact]
    public void A_result_that_is_no_bool_is_no_condition()
    {
        var program = CelProgram.Compile("object", Cel.Conditions);

        var problem = Assert.Throws<CelException>(() => program.EvaluateCondition(new Dictionary<string, object?> { ["object"] = 1 }, TestContext.Current.CancellationToken));

        Assert.Equal("the expression gives int, not bool", problem.Reason);
    }
}
