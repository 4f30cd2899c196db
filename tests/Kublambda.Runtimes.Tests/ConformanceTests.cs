namespace Kublambda.Runtimes.Tests;

public sealed class NodejsRequestTests() : RequestTests(RuntimeUnderTest.Nodejs);

public sealed class NodejsConnectionTests() : ConnectionTests(RuntimeUnderTest.Nodejs);

public sealed class NodejsLifecycleTests() : LifecycleTests(RuntimeUnderTest.Nodejs);

public sealed class NodejsEventTests() : EventTests(RuntimeUnderTest.Nodejs);

public sealed class DotnetRequestTests() : RequestTests(RuntimeUnderTest.Dotnet);

public sealed class DotnetConnectionTests() : ConnectionTests(RuntimeUnderTest.Dotnet);

public sealed class DotnetLifecycleTests() : LifecycleTests(RuntimeUnderTest.Dotnet);

public sealed class DotnetEventTests() : EventTests(RuntimeUnderTest.Dotnet);

public sealed class PythonRequestTests() : RequestTests(RuntimeUnderTest.Python);

public sealed class PythonConnectionTests() : ConnectionTests(RuntimeUnderTest.Python);

public sealed class PythonLifecycleTests() : LifecycleTests(RuntimeUnderTest.Python);

public sealed class PythonEventTests() : EventTests(RuntimeUnderTest.Python);
