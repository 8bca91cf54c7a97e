System.Console.WriteLine("godwit");
